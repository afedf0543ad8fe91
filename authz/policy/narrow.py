"""Which part of a policy's conditions the engine means, found by asking it about less of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator

from authz.policy.statements import scope_end, tokens

MAX_SEARCHED = 16 * 1024
"""Characters of a statement in which a place is looked for: each question is a reading of it."""

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
        An offset; None if the engine says so of no part, or *text* is very long.
    """
    if len(text) > MAX_SEARCHED:
        return None
    try:
        parts = list(_parts(text))
    except ValueError:
        return None
    first = bisect_left(parts, True, key=lambda part: is_refused(f"{text[: part[1]]} }};"))
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
