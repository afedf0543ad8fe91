"""Values like others: `copy.replace` of Python 3.13, which 3.11 does not have."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar, cast

from msgspec import Struct, structs

Value = TypeVar("Value")


def replace(value: Value, /, **changes: object) -> Value:
    """
    Give a struct or dataclass like *value* with *changes*.

    Raises:
        TypeError: it has no field of such a name.
    """
    if isinstance(value, Struct):
        return cast("Value", structs.replace(value, **changes))
    return cast("Value", dataclasses.replace(cast("Any", value), **changes))
