"""JSON Pointers (RFC 6901): how documents, policies and records name a place in a value."""

from __future__ import annotations

import re

from authz.model.strict_json import JSON

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def tokens_of(pointer: str) -> tuple[str, ...]:
    """Give the unescaped names and indices that lead to the place; none for the whole."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def extend(pointer: str, name: str | int) -> str:
    """Give the pointer of the member or item *name* of what *pointer* names."""
    return f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"


def look_up(document: JSON, pointer: str) -> JSON:
    """Give the value at *pointer*; None where there is none."""
    value = document
    for token in tokens_of(pointer):
        if isinstance(value, dict):
            value = value.get(token)
        elif isinstance(value, list) and _INDEX.fullmatch(token):
            value = value[int(token)] if int(token) < len(value) else None
        else:
            return None
    return value
