"""Arguments as a decision record lists them, put together again."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from authz.model.masking import MAX_TEXT
from authz.model.pointer import tokens_of
from authz.model.strict_json import JSON

MORE = "…"
"""The row that says that there were more than a record lists."""

_STAND_INS: Mapping[str, JSON] = {
    "null": None,
    "boolean": False,
    "integer": 0,
    "number": Decimal(0),
    "string": "",
}


class Incomplete(ValueError):
    """The record does not say what all the arguments were."""


def rebuilt(rows: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, JSON], frozenset[str]]:
    """
    Put the arguments of a record together.

    Args:
        rows: Type and, where the tool opens it, value by JSON Pointer; parents first.

    Returns:
        The arguments, and the pointers of those whose values are made up.

    Raises:
        Incomplete: there were more than the record lists, or names were cut.
    """
    if MORE in rows or any(len(pointer) >= MAX_TEXT for pointer in rows):
        raise Incomplete("there were more arguments than the record lists")
    whole: dict[str, JSON] = {}
    masked: set[str] = set()
    for pointer, row in rows.items():
        if not pointer:
            continue
        value, is_known = _value(row)
        if not is_known:
            masked.add(pointer)
        _put(whole, tokens_of(pointer), value)
    return whole, frozenset(masked)


def _value(row: Mapping[str, Any]) -> tuple[JSON, bool]:
    """Give a value, and whether it is the one that was sent."""
    kind = row["type"]
    if kind in ("array", "object"):
        return ([] if kind == "array" else {}), True
    if "value" not in row:
        return _STAND_INS[kind], kind == "null"
    value = row["value"]
    if kind == "number":
        number = Decimal(value)
        if not number.is_finite():
            raise ValueError("it is no number of JSON")
        return number, True
    if type(value) is not type(_STAND_INS[kind]):
        raise TypeError("the value is of another type than is told")
    return value, not (isinstance(value, str) and len(value) >= MAX_TEXT)


def _put(whole: dict[str, JSON], path: tuple[str, ...], value: JSON) -> None:
    place: JSON = whole
    for token in path[:-1]:
        if isinstance(place, list):
            if int(token) == len(place):
                # An object in an array has no row of its own, unless it is empty.
                place.append({})
            place = place[int(token)]
        elif isinstance(place, dict):
            place = place.setdefault(token, {})
    if isinstance(place, list):
        place.append(value)
    elif isinstance(place, dict):
        place[path[-1]] = value
