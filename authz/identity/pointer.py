"""JSON Pointers into claims (RFC 6901): where an issuer's tokens say what."""

from __future__ import annotations

from authz.model.strict_json import JSON


def look_up(document: JSON, pointer: str) -> JSON:
    """Give the value at *pointer*; None where there is none."""
    value = document
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit():
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    return value
