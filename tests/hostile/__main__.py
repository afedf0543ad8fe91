"""`make hostile`: spring every trap and print what became of it.

The exit code is 1 if anything was not as its trap says.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from authz.telemetry.logs import open_log
from tests.hostile.edges import running_edges
from tests.hostile.judging import Met, spring
from tests.hostile.readers import running_readers
from tests.hostile.traps import CUT, all_traps
from tests.support.direct import KeptRecords
from tests.support.edge import running_edge
from tests.support.worlds import load_world, prepare_home

HEADS = ("trap", "from", "HTTP", "answer", "reason in the record", "upstream saw", "read alike by")


def _cells(met: Met) -> tuple[str, ...]:
    statuses = [str(each.status) if each.status != CUT else "cut" for each in met.responses]
    reasons = [record["reason"] for record in met.records]
    return (
        met.trap.name,
        met.trap.source,
        f"{met.trap.http}",
        " ".join(statuses),
        " ".join(reasons) or "refused by Envoy",
        " ".join(f"{each.method} {each.path}" for each in met.seen) or "nothing",
        met.read_alike,
    )


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _spring_all(folder: Path) -> tuple[list[Met], list[str]]:
    world, keys = load_world(prepare_home(folder))
    decision_point = DecisionPoint(CurrentWorld(world, keys), KeptRecords(), open_log("error"))
    with (
        running_readers(folder) as readers,
        running_edge(decision_point, folder / "edge") as out,
        running_edges(out, decision_point, folder / "edges") as edges,
    ):
        met = [spring(trap, edges, readers, world.directory) for trap in all_traps()]
        return met, [reader.language for reader in readers]


def main() -> int:
    """Spring every trap, print the table and what is wrong; the exit code says whether anything."""
    with tempfile.TemporaryDirectory() as folder:
        met, languages = _spring_all(Path(folder))
    _print_table([HEADS, *map(_cells, met)])
    wrong = [(each.trap, "wrong answer", what) for each in met for what in each.wrong_answers]
    wrong += [(each.trap, "WRONG ALLOW", what) for each in met for what in each.wrong_allows]
    print()
    for trap, kind, what in wrong:
        print(f"{kind}: {trap} ({trap.why}): {what}")
    allows = sum(bool(each.wrong_allows) for each in met)
    arrived = sum(bool(each.seen) for each in met)
    print(f"{len({each.trap.name for each in met})} traps, {len(met)} times sprung; ", end="")
    print(f"{arrived} went upstream, read along in {' and '.join(languages) or 'no language'}")
    print(f"wrong answers: {sum(bool(each.wrong_answers) for each in met)}; wrong allows: {allows}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
