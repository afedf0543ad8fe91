"""Arguments of a call to typed values for Cedar.

The law: every path that the upstream receives is in exactly one of `typed`,
`unknown` and `untyped`; the last two are JSON Pointers that name a whole
subtree. Whatever comes out, the engine accepts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_UP, Decimal

from authz.model.pointer import extend
from authz.model.strict_json import FLAT, JSON
from authz.policy.shapes import Kind, Shape

MAX_LONG = 2**63
MAX_SAFE_INTEGER = 2**53 - 1
MAX_VALUES = 1_000
"""Values in the arguments of one call, containers included."""

MAX_POINTERS = 1_000_000
"""Characters of all their JSON Pointers together."""

MAX_DECIMAL = 9 * 10**14
"""Cedar's decimal has four places and 64 bits."""

MAX_PLAIN = 400
"""Decimal places before or after the point; what has more is no double, and never allowed."""

MAX_PLAIN_NAMES = 500
"""Names of flat arguments, and all their characters: far below `MAX_VALUES` and `MAX_POINTERS`."""

_PLACES = Decimal("0.0001")


class BadArgument(ValueError):
    """Arguments that policy cannot judge; for the record, not for the caller."""

    def __init__(self, pointer: str, why: str = "it is not of its declared type") -> None:
        self.pointer = pointer
        super().__init__(f"the argument at {pointer!r}: {why}")


@dataclass(slots=True)
class Arguments:
    """The arguments of one call, sorted."""

    typed: dict[str, object] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    """Members that the schema does not know."""

    untyped: list[str] = field(default_factory=list)
    """Members that it knows, or lets in, without a type that Cedar has."""

    @property
    def has_strays(self) -> bool:
        """Say whether any has no type."""
        return bool(self.unknown or self.untyped)


def are_as_declared(arguments: Mapping[str, JSON], shape: Shape) -> bool:
    """
    Say at once of most calls that `sort_arguments` finds no strays, and `check_exact` nothing.

    False says nothing at all: these two have to look.
    """
    if len(arguments) > MAX_PLAIN_NAMES or sum(map(len, arguments)) > MAX_PLAIN_NAMES:
        return False
    if not arguments.keys() >= shape.wanted:
        return False
    values = arguments.values()
    if [*map(shape.plain.get, arguments)] != [*map(type, values)]:
        return False
    return all(map(_is_same_to_all, values))


def sort_arguments(arguments: Mapping[str, JSON], shape: Shape) -> Arguments:
    """
    Sort *arguments* by the declared *shape*. Defaults are not filled in.

    Raises:
        BadArgument: a value is not of its declared type, a required one is
            missing, or there are more than `MAX_VALUES` or `MAX_POINTERS`.
    """
    if not _is_plain(arguments):
        _check_extent(arguments)
    found = Arguments()
    found.typed = _object(dict(arguments), shape, "", found)
    return found


def check_exact(arguments: Mapping[str, JSON]) -> None:
    """
    Check that every number is the same number for every reader (RFC 7493 section 2.2).

    JavaScript reads 9007199254740993 as 9007199254740992: what was judged would
    not be what runs.

    Raises:
        BadArgument: a number is not exact as a double.
    """
    values = arguments.values()
    if FLAT.issuperset(map(type, values)) and all(map(_is_exact, values)):
        return
    for pointer, value in _walk(dict(arguments)):
        if not _is_exact(value):
            raise BadArgument(pointer, "some readers would take it for another number")


def texts_of(arguments: Mapping[str, JSON]) -> dict[str, str]:
    """
    Give everything in *arguments* as text, by JSON Pointer, typed or not.

    An object is `{}` and an array `[]`, so that no path is hidden in its
    members. A pointer with capital letters is there case-folded too: some
    readers take `Cmd` for `cmd`, and a rule may name the small spelling.
    """
    texts: dict[str, str] = {}
    for pointer, value in _walk(dict(arguments)):
        text = spelled(value)
        texts[pointer] = text
        texts.setdefault(pointer.casefold(), text)
    del texts[""]
    return texts


def _walk(value: JSON, pointer: str = "") -> Iterator[tuple[str, JSON]]:
    """Give every value with its pointer, the whole first; pointers are made as they are taken."""
    yield pointer, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _walk(inner, extend(pointer, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, extend(pointer, index))


def _is_plain(arguments: Mapping[str, JSON]) -> bool:
    """Say at once of a few flat values, texts in ASCII, that they are none too many to take."""
    values = arguments.values()
    return (
        len(arguments) <= MAX_PLAIN_NAMES
        and sum(map(len, arguments)) <= MAX_PLAIN_NAMES
        and all(map(str.isascii, arguments))
        and FLAT.issuperset(map(type, values))
        and all(value.isascii() for value in values if isinstance(value, str))
    )


def _check_extent(arguments: Mapping[str, JSON]) -> None:
    """
    Bound what the rest does, and check that all text is text.

    Pointers repeat the names above them, so they can grow by far.
    """
    characters = 0
    for values, (pointer, value) in enumerate(_walk(dict(arguments))):
        _text(pointer, "")
        if isinstance(value, str):
            _text(value, pointer)
        characters += len(pointer)
        if values > MAX_VALUES or characters > MAX_POINTERS:
            raise BadArgument("", "there are too many values, or too long names")


def _is_exact(value: JSON) -> bool:
    """Say whether *value* is no number, or one that a double holds as it is."""
    if isinstance(value, Decimal):
        return Decimal(repr(float(value))) == value
    return not isinstance(value, int) or -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER


def spelled(value: JSON) -> str:
    """Give one value as text."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return "{}"
        case list():
            return "[]"
        case Decimal():
            return _plain(value)
        case _:
            return str(value)


def _plain(number: Decimal) -> str:
    """
    Write a number in one way, however the caller spelt it: 22.0 and 2.2e1 are 22.

    A rule on the text would otherwise be stepped around by another spelling.
    """
    if not number:
        return "0"
    if abs(number.adjusted()) > MAX_PLAIN:
        return str(number)
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


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
            return [_value(each, element, extend(at, i), found) for i, each in enumerate(value)]
        case Kind.OBJECT, dict():
            return _object(value, shape, at, found)
    raise BadArgument(at)


def _object(value: dict[str, JSON], shape: Shape, at: str, found: Arguments) -> dict[str, object]:
    typed: dict[str, object] = {}
    for name, inner in value.items():
        if shape.plain.get(name) is type(inner) and _is_same_to_all(inner):
            typed[name] = inner
            continue
        declared, pointer = shape.fields.get(name), extend(at, _text(name, at))
        if declared is None:
            (found.untyped if _lets_in(shape, name) else found.unknown).append(pointer)
        elif declared.shape.kind is Kind.OPAQUE:
            found.untyped.append(pointer)
        elif inner is not None or not declared.shape.nullable:
            typed[name] = _value(inner, declared.shape, pointer, found)
    if not typed.keys() >= shape.wanted:
        missing = next(name for name in shape.fields if name in shape.wanted - typed.keys())
        raise BadArgument(extend(at, missing), "it is missing")
    return typed


def _is_same_to_all(value: JSON) -> bool:
    """Say of a value of a plain type that the engine gets it as it is, and so does every reader."""
    if isinstance(value, str):
        return value.isascii()
    return isinstance(value, int) and -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER


def _lets_in(shape: Shape, name: str) -> bool:
    """
    Say whether an object takes a member that it does not declare.

    A name that differs from a declared one in case only is the same member to some
    readers, so an open object does not let it in.
    """
    return (
        shape.open
        and not name.startswith("__")
        and name.casefold() not in {each.casefold() for each in shape.fields}
    )


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
