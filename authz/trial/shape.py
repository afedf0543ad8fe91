"""Whether a value that somebody else wrote has the shape that is expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Shape = type | tuple["Shape", ...] | list["Shape"] | Mapping[str, "Shape"]
"""A type; one of several shapes; a list of one shape; an object with at least these members."""

NULL = type(None)


def fits(value: Any, shape: Shape) -> bool:
    """Say whether *value* has *shape*; true and false are no numbers."""
    match shape:
        case tuple():
            return any(fits(value, each) for each in shape)
        case [row]:
            return isinstance(value, list) and all(fits(each, row) for each in value)
        case Mapping():
            return isinstance(value, dict) and all(
                name in value and fits(value[name], inner) for name, inner in shape.items()
            )
        case type():
            return type(value) is shape
    raise TypeError("it is no shape")
