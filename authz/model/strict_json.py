"""JSON read in one way only (RFC 8259), for bytes that somebody else also reads.

Two readers of the same bytes can differ: over a name that stands twice, over
names that are equal but for case (Go's `encoding/json` takes `Name` for
`name`), over NaN and over lone surrogates. What could be read in two ways is
refused here, so that what was decided is what runs. Numbers are kept exact;
whether all readers agree on one is for whoever judges it.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import NoReturn, TypeAlias

import msgspec

JSON: TypeAlias = "bool | int | Decimal | str | list[JSON] | dict[str, JSON] | None"
"""A JSON value as this reader gives it: no floats, no two names that fold together."""

FLAT: frozenset[type] = frozenset({str, bool, int, Decimal, NoneType})
"""Types of values that nothing lies in."""

MAX_DEPTH = 64
"""Levels of nesting. Cedar takes 127; no client was seen to send more than a dozen."""

_READER = msgspec.json.Decoder(float_hook=Decimal)
_WRITER = msgspec.json.Encoder(decimal_format="number")

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class NotJSON(ValueError):
    """The bytes are no single JSON value in UTF-8."""


class AmbiguousJSON(ValueError):
    """The bytes are JSON that two readers could take for different values."""


class _Plain(Enum):
    """Stands for a value where there is none: null is one."""

    NOT = "what only the whole reader may read"


def read_json(text: bytes) -> JSON:
    """
    Read exactly one JSON value.

    Args:
        text: UTF-8 without a byte order mark; white space may surround the value.

    Returns:
        The value; numbers with a fraction or an exponent are Decimals, exact.

    Raises:
        NotJSON: no JSON, more than one value, NaN, deeper than `MAX_DEPTH`.
        AmbiguousJSON: a duplicate or case-folding name, a lone surrogate.
    """
    value = _read_plain(text)
    return _read_any(text) if value is _Plain.NOT else value


def _read_plain(text: bytes) -> JSON | _Plain:
    """
    Read what is written as most clients write it: no white space, nothing escaped without need.

    A fast reader may do that, for all that it might be too lax about comes out
    otherwise than it came in: a name that stands twice is once in the value, and a
    number that was rounded, or an escape, is spelt in another way. Folding changes no
    mark of JSON's own, so names that fold together come to light when the whole is folded.

    Returns:
        What `_read_any` would; `_Plain.NOT` for all that it alone may read or refuse.
    """
    if text.count(b"{") + text.count(b"[") >= MAX_DEPTH:
        return _Plain.NOT
    try:
        value: JSON = _READER.decode(text)
        if _WRITER.encode(value) != text:
            return _Plain.NOT
        folded = text.decode("utf-8").casefold().encode("utf-8")
        if folded != text and _WRITER.encode(_READER.decode(folded)) != folded:
            return _Plain.NOT
    except (ValueError, ArithmeticError, RecursionError):
        return _Plain.NOT
    return value


def _read_any(text: bytes) -> JSON:
    try:
        decoded = text.decode("utf-8")
        value: JSON = _DECODER.decode(decoded)
    except (AmbiguousJSON, NotJSON):
        raise
    except RecursionError:
        raise NotJSON("nested too deep") from None
    except json.JSONDecodeError as error:
        raise NotJSON(f"no JSON at line {error.lineno}, column {error.colno}") from None
    except (ValueError, ArithmeticError) as error:
        raise NotJSON(f"no JSON: {type(error).__name__}") from None
    may_hold_surrogates = _SURROGATE_ESCAPE.search(decoded) is not None
    # Fewer brackets than levels cannot be nested too deep, so most texts are not walked.
    if may_hold_surrogates or decoded.count("{") + decoded.count("[") >= MAX_DEPTH:
        _check_values(value, may_hold_surrogates=may_hold_surrogates)
    return value


def _members(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    members = dict(pairs)
    if len(pairs) < 2:
        return members
    together = "".join(members)
    # Names that folding does not change differ in more than case, if they differ.
    names = members if together == together.casefold() else {*map(str.casefold, members)}
    if len(names) != len(pairs):
        raise AmbiguousJSON("two member names are equal or differ in case only")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise NotJSON(f"{name} is no JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_float=Decimal, parse_constant=_refuse_constant
)


def _check_values(value: JSON, *, may_hold_surrogates: bool) -> None:
    level: list[JSON] = [value]
    for _ in range(MAX_DEPTH):
        if may_hold_surrogates and any(_has_surrogate(each) for each in level):
            raise AmbiguousJSON("a string holds a lone surrogate")
        level = [inner for each in level for inner in _inner(each)]
        if not level:
            return
    raise NotJSON("nested too deep")


def _inner(value: JSON) -> list[JSON]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _has_surrogate(value: JSON) -> bool:
    if isinstance(value, dict):
        return any(_SURROGATE.search(name) for name in value)
    return isinstance(value, str) and _SURROGATE.search(value) is not None
