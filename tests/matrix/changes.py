"""What one matrix says otherwise than another: who gained, who lost, what is told differently."""

from __future__ import annotations

from collections.abc import Iterator

from tests.matrix.asking import Cell, Matrix, is_allow

GAINED, LOST, OTHERWISE = "gained", "lost", "told otherwise"
NEW, GONE = "new", "gone"


def changes(before: Matrix, after: Matrix) -> Iterator[tuple[str, Cell, str]]:
    """Give each change: its kind, the cell, and what it was and is."""
    for cell, answer in after.items():
        was = before.get(cell)
        if was is None:
            yield NEW, cell, answer
        elif was != answer:
            yield _kind(was, answer), cell, f"{was} => {answer}"
    for cell, was in before.items():
        if cell not in after:
            yield GONE, cell, was


def summary(before: Matrix, after: Matrix) -> list[str]:
    """Give one line for every change of one kind at one operation, gains first."""
    users: dict[tuple[str, str, str, str, str], list[str]] = {}
    for kind, cell, told in changes(before, after):
        key = (kind, cell.caller, cell.target, cell.operation, told)
        users.setdefault(key, []).append(cell.user)
    order = (GAINED, LOST, OTHERWISE, NEW, GONE)
    rows = sorted(users.items(), key=lambda row: order.index(row[0][0]))
    return [
        f"{kind}: {caller} -> {target}, {operation}: {told}: {', '.join(found)}"
        for (kind, caller, target, operation, told), found in rows
    ]


def _kind(was: str, answer: str) -> str:
    """Say who is better off: whoever holds a scope, or passes, that did not."""
    before, after = _rights(was), _rights(answer)
    if before == after:
        return OTHERWISE
    return LOST if after < before else GAINED


def _rights(answer: str) -> frozenset[str]:
    """Give what an answer is worth: nothing for a no; passing, and scopes, for an allow."""
    return frozenset(answer.split()[1:]) if is_allow(answer) else frozenset()
