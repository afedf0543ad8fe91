"""Text of files as it may be shown: it moves no cursor and turns no direction of writing."""

from __future__ import annotations

TAB = 4
UNSHOWN = "\N{REPLACEMENT CHARACTER}"


def shown(text: str) -> str:
    """Give *text* without what would move a terminal's cursor or turn the direction of writing."""
    return "".join(each if each.isprintable() else UNSHOWN for each in text.expandtabs(TAB))
