"""What may be shown of the arguments of a call: names and types, and a value only where opened.

Decision records and explanations go by this one rule, so neither tells more
than the tool's owner has opened by `record`.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from decimal import Decimal

from authz.model.strict_json import JSON

MAX_TEXT = 256
"""Characters that are kept of what a caller wrote."""

_TYPE_NAMES: Mapping[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    Decimal: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def shown(pointer: str, value: JSON, opened: Set[str]) -> dict[str, object]:
    """
    Give the `type` of the argument at *pointer*, and its `value` where that is opened.

    Args:
        pointer: JSON Pointer of the argument, cut to `MAX_TEXT` characters.
        value: What the caller wrote there.
        opened: The tool's `record`; a leaf is opened, never what others lie in.
    """
    row: dict[str, object] = {"type": _TYPE_NAMES[type(value)]}
    is_leaf = not isinstance(value, (dict, list)) or not value
    # A pointer of full length may have been cut, and be that of another argument.
    if pointer in opened and is_leaf and len(pointer) < MAX_TEXT:
        row["value"] = _written(value)
    return row


def _written(value: JSON) -> JSON:
    text = str(value) if isinstance(value, Decimal) else value
    return text[:MAX_TEXT] if isinstance(text, str) else text
