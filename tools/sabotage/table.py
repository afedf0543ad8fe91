"""The table: wall by first red test, survivors first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tools.sabotage.campaign import Verdict
from tools.sabotage.walls import Wall

SURVIVES = "SURVIVES: no test turns red"


def lines(verdicts: Iterable[Verdict], reasons: dict[Wall, str]) -> Iterator[str]:
    """Give the rows: survivors, then second walls with their reasons, then all others by place."""
    rows = sorted(verdicts, key=lambda row: (_rank(row, reasons), row.wall.file, row.wall.line))
    for row in rows:
        if row.red is not None:
            found = row.red
        elif row.wall in reasons:
            found = f"second wall: {reasons[row.wall]}"
        else:
            found = SURVIVES
        yield f"{row.wall}\n    {found}"


def _rank(row: Verdict, reasons: dict[Wall, str]) -> int:
    if row.red is not None:
        return 2
    return 1 if row.wall in reasons else 0
