"""What a record says of arguments: names and types, and the values that the tool opens."""

from __future__ import annotations

from collections.abc import Mapping

from authz.model.masking import MAX_TEXT, shown
from authz.model.memo import Memo
from authz.model.pointer import extend
from authz.model.strict_json import FLAT, JSON

MAX_ARGUMENTS = 64

MAX_KEPT = 512
"""Calls whose rows are kept. Strangers choose names, and are recorded: so all of it is bounded."""

MAX_KEPT_ARGUMENTS = 16
"""Arguments of a call whose rows are kept; a row takes far more room than its name."""

MAX_KEPT_NAMES = 256
"""Characters of all their names."""

Rows = Mapping[str, object]
_Container = Mapping[str, JSON] | list[JSON]

_KEPT: Memo[tuple[tuple[str, ...], tuple[type, ...]], Rows] = Memo("argument_rows", MAX_KEPT)


def rows_of(arguments: Mapping[str, JSON], opened: frozenset[str]) -> Rows:
    """
    Give names and types of the first arguments: bounded, whoever sent how much.

    Args:
        arguments: Of the call.
        opened: The tool's `record`. Where it opens none, calls with flat arguments of the same
            names and types share their rows.
    """
    types = tuple(map(type, arguments.values()))
    if opened or len(types) > MAX_KEPT_ARGUMENTS or not FLAT.issuperset(types):
        return _rows(arguments, opened)
    key = tuple(arguments), types
    rows = _KEPT.find(key)
    if rows is None:
        rows = _rows(arguments, opened)
        if sum(map(len, arguments)) <= MAX_KEPT_NAMES:
            _KEPT.keep(key, rows)
    return rows


def _rows(arguments: Mapping[str, JSON], opened: frozenset[str]) -> Rows:
    leaves: list[tuple[str, JSON]] = []
    _gather(leaves, arguments, "")
    rows: dict[str, object] = {
        pointer: shown(pointer, leaf, opened) for pointer, leaf in leaves[:MAX_ARGUMENTS]
    }
    # Two pointers that are cut to the same text count as one, so there are more as well.
    if len(rows) < len(leaves):
        rows["…"] = "more"
    return rows


def _gather(leaves: list[tuple[str, JSON]], value: _Container, pointer: str) -> None:
    """
    Add what lies in *value*, one more than are told at most.

    Pointers are cut to `MAX_TEXT` characters on the way down. An array stands before
    its items, for `/0` may be a member of an object as well.
    """
    for name, inner in enumerate(value) if isinstance(value, list) else value.items():
        if len(leaves) > MAX_ARGUMENTS:
            return
        at = extend(pointer, name)[:MAX_TEXT]
        if isinstance(inner, dict) and inner:
            _gather(leaves, inner, at)
            continue
        leaves.append((at, inner))
        if isinstance(inner, list):
            _gather(leaves, inner, at)
