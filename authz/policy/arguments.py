"""Arguments of a call to typed values for Cedar.

The law: every path that the upstream receives is in exactly one of `typed`,
`unknown` and `untyped`; the last two are JSON Pointers that name a whole
subtree. Whatever comes out, the engine accepts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_UP, Decimal

from authz.model.strict_json import JSON
from authz.policy.shapes import Kind, Shape

MAX_LONG = 2**63
MAX_DECIMAL = 9 * 10**14
"""Cedar's decimal has four places and 64 bits."""

_PLACES = Decimal("0.0001")


class BadArgument(ValueError):
    """An argument of another type than declared; the message is its JSON Pointer."""


@dataclass(slots=True)
class Arguments:
    """The arguments of one call, sorted."""

    typed: dict[str, object] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    """Members that the schema does not know."""

    untyped: list[str] = field(default_factory=list)
    """Members that it knows, or lets in, without a type that Cedar has."""


def sort_arguments(arguments: Mapping[str, JSON], shape: Shape) -> Arguments:
    """
    Sort *arguments* by the declared *shape*. Defaults are not filled in.

    Raises:
        BadArgument: a value is not of its declared type, or a required one is missing.
    """
    found = Arguments()
    found.typed = _object(dict(arguments), shape, "", found)
    return found


def texts_of(arguments: Mapping[str, JSON]) -> dict[str, str]:
    """Give every leaf of *arguments* as text, by JSON Pointer, typed or not."""
    texts: dict[str, str] = {}
    stack: list[tuple[str, JSON]] = [("", dict(arguments))]
    while stack:
        pointer, value = stack.pop()
        if isinstance(value, dict):
            stack.extend((_point(pointer, name), inner) for name, inner in value.items())
        elif isinstance(value, list):
            stack.extend((_point(pointer, str(i)), inner) for i, inner in enumerate(value))
        else:
            texts[_text(pointer, pointer)] = _text(_spelled(value), pointer)
    return texts


def _spelled(value: Decimal | str | int | None) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def _value(value: JSON, shape: Shape, at: str, found: Arguments) -> object:
    match shape.kind, value:
        case Kind.STRING, str():
            return _text(value, at)
        case Kind.BOOLEAN, bool():
            return value
        case Kind.INTEGER, int() | Decimal() if not isinstance(value, bool):
            return _long(value, at)
        case Kind.NUMBER, int() | Decimal() if not isinstance(value, bool):
            return _decimal(value, at)
        case Kind.ARRAY, list() if shape.element is not None:
            element = shape.element
            return [
                _value(each, element, _point(at, str(i)), found) for i, each in enumerate(value)
            ]
        case Kind.OBJECT, dict():
            return _object(value, shape, at, found)
    raise BadArgument(at)


def _object(value: dict[str, JSON], shape: Shape, at: str, found: Arguments) -> dict[str, object]:
    typed: dict[str, object] = {}
    folded = {name.casefold() for name in shape.fields}
    for name, inner in value.items():
        pointer, declared = _point(at, _text(name, at)), shape.fields.get(name)
        if declared is None:
            # A name that differs from a declared one in case only is the same member to some
            # readers, so an open object does not let it in.
            lets_in = shape.open and not name.startswith("__") and name.casefold() not in folded
            (found.untyped if lets_in else found.unknown).append(pointer)
        elif declared.shape.kind is Kind.OPAQUE:
            found.untyped.append(pointer)
        elif inner is not None or not declared.shape.nullable:
            typed[name] = _value(inner, declared.shape, pointer, found)
    for name, declared in shape.fields.items():
        wanted = declared.required and not declared.shape.nullable
        if wanted and declared.shape.kind is not Kind.OPAQUE and name not in typed:
            raise BadArgument(_point(at, name))
    return typed


def _text(text: str, at: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise BadArgument(at) from None
    return text


def _long(value: int | Decimal, at: str) -> int:
    if not -MAX_LONG <= value < MAX_LONG or value != int(value):
        raise BadArgument(at)
    return int(value)


def _decimal(value: int | Decimal, at: str) -> object:
    """Round away from zero, so that `amount <= limit` stays an upper bound."""
    if not -MAX_DECIMAL < value < MAX_DECIMAL:
        raise BadArgument(at)
    rounded = Decimal(value).quantize(_PLACES, rounding=ROUND_UP)
    return {"__extn": {"fn": "decimal", "arg": f"{rounded:f}"}}


def _point(at: str, name: str) -> str:
    return f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
