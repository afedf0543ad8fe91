"""Which part of a policy's conditions the engine means, found by asking it about less of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator

from authz.policy.statements import scope_end, tokens

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_JOINING = frozenset({"&&", "||"})


def part_refused(text: str, is_refused: Callable[[str], bool]) -> int | None:
    """
    Give where the first part of *text* begins with which it is refused.

    A part ends before an `&&` or `||` that is in no brackets of its own, or with
    its condition. What stands before it stays, so it is read as it would be.

    Args:
        text: A statement.
        is_refused: Says of a shorter policy whether it is refused as all of it
            is. It is asked about as often as the number of parts has binary digits.

    Returns:
        An offset; None if the engine says so of no part.
    """
    try:
        parts = list(_parts(text))
    except ValueError:
        return None
    shorter = [f"{text[:end]} }};" for _, end in parts]
    first = bisect_left(shorter, True, key=is_refused)
    return parts[first][0] if first < len(parts) else None


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """Give where each part begins and ends."""
    scope, start, depth = scope_end(text), -1, 0
    for match in tokens(text):
        token = match.group()
        if match.start() < scope:
            continue
        if depth == 1 and start < 0 and token not in _CLOSING:
            start = match.start()
        depth -= token in _CLOSING
        if start >= 0 and (depth == 0 or (depth == 1 and token in _JOINING)):
            yield start, match.start()
            start = -1
        depth += token in _OPENING
