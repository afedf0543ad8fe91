"""`python -m tools.sabotage`: every wall, and the first test that turns red without it."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tools.sabotage.campaign import Campaign, NotHealthy, Verdict
from tools.sabotage.child import function_name
from tools.sabotage.rooms import GATE, Rooms, TooFewWalls
from tools.sabotage.second_walls import NoSuchWall, reasons_of
from tools.sabotage.selection import Stages, narrowed
from tools.sabotage.table import lines
from tools.sabotage.walls import Wall

SURVIVED, BROKEN = 1, 2

EXAMPLES = """examples:
  python -m tools.sabotage --list                      what would be taken away
  python -m tools.sabotage --only identity/keys.py     one file
  python -m tools.sabotage --only 'row: "x-.*"'        rows of the header tables
  python -m tools.sabotage --jobs 4                    four copies of the tree at once

exit codes: 0 every wall has a test; 1 a wall survives, or an entry of second_walls.py
has a test after all; 2 the tests are red without sabotage, fewer than 40 walls were
found, or an entry of second_walls.py matches none of them
"""


def main(arguments: list[str] | None = None, rooms: Rooms = GATE) -> int:
    """Run what the command line says; see `EXAMPLES` for exit codes."""
    options = _parser().parse_args(arguments)
    started = time.monotonic()
    try:
        if options.list:
            chosen, _ = _chosen(rooms, options.only)
            print(*(wall.line_in_full for wall in chosen), f"{len(chosen)} walls", sep="\n")
            return 0
        with tempfile.TemporaryDirectory(prefix="sabotage-") as folder:
            campaign = Campaign(rooms.root, Path(folder), options.jobs)
            chosen, reasons = _chosen(rooms.within(campaign.tree), options.only)
            verdicts = _tried(campaign, chosen, quick=options.quick)
    except (NoSuchWall, NotHealthy, TooFewWalls) as error:
        print(f"{type(error).__name__}: {error}")
        return BROKEN
    return _told(verdicts, reasons, time.monotonic() - started)


def _chosen(rooms: Rooms, only: re.Pattern[str]) -> tuple[list[Wall], dict[Wall, str]]:
    """Find the walls that are meant, and why some of all walls need no test."""
    walls = rooms.walls()
    chosen = [wall for wall in walls if only.search(wall.line_in_full)]
    if not chosen:
        raise TooFewWalls(f"no wall has {only.pattern!r} in its line of --list")
    return chosen, reasons_of(walls, rooms.second)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.sabotage",
        description="Take each wall out of a copy of the tree; a test must turn red.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--list", action="store_true", help="list the walls and try none")
    parser.add_argument(
        "--only",
        type=re.compile,
        default=re.compile(""),
        metavar="PATTERN",
        help="those whose line of --list, in full, has this regular expression",
    )
    parser.add_argument(
        "--quick", action="store_true", help="only the tests that go through a wall's function"
    )
    parser.add_argument("--jobs", type=int, default=2, help="walls at the same time (default: 2)")
    return parser


def _tried(campaign: Campaign, walls: list[Wall], *, quick: bool) -> list[Verdict]:
    """Try first the tests that go through a wall, then all others, then those with sockets."""
    tests = campaign.tests
    everything = tests.nearest_first(walls[0].file, {})
    campaign.prepare(everything)
    health = campaign.measure(everything)
    whole = {wall.file: tests.nearest_first(wall.file, health.seconds) for wall in walls}

    def near(wall: Wall) -> Stages:
        through = health.tests_by_function.get(function_name(wall.file, wall.within))
        return whole[wall.file] if through is None else narrowed(whole[wall.file], through)

    verdicts = _round(campaign, walls, near, health.patience)
    if quick:
        return verdicts
    verdicts = _again(campaign, verdicts, lambda wall: whole[wall.file], health.patience)
    sockets = tests.with_sockets()
    if sockets and any(row.red is None for row in verdicts):
        patience = campaign.measure(sockets).patience
        verdicts = _again(campaign, verdicts, lambda _wall: sockets, patience)
    return verdicts


def _again(
    campaign: Campaign,
    verdicts: list[Verdict],
    stages_of: Callable[[Wall], Stages],
    patience: float,
) -> list[Verdict]:
    left = [row.wall for row in verdicts if row.red is None]
    found = [row for row in verdicts if row.red is not None]
    return found + _round(campaign, left, stages_of, patience)


def _round(
    campaign: Campaign, walls: list[Wall], stages_of: Callable[[Wall], Stages], patience: float
) -> list[Verdict]:
    verdicts: list[Verdict] = []
    for row in campaign.try_walls(walls, stages_of, patience):
        verdicts.append(row)
        mark = "red  " if row.red else "green"
        print(f"{len(verdicts):4}/{len(walls)} {mark} {row.wall}", file=sys.stderr, flush=True)
    return verdicts


def _told(verdicts: list[Verdict], reasons: dict[Wall, str], seconds: float) -> int:
    print(*lines(verdicts, reasons), sep="\n")
    survivors = [row for row in verdicts if row.red is None and row.wall not in reasons]
    stale = [row for row in verdicts if row.red is not None and row.wall in reasons]
    for row in stale:
        print(f"second_walls.py lists a wall that has a test, so take the entry out: {row.wall}")
    second = sum(row.red is None for row in verdicts) - len(survivors)
    print(
        f"\n{len(verdicts)} walls, {len(survivors)} survive, {second} second walls, {seconds:.0f} s"
    )
    return SURVIVED if survivors or stale else 0


if __name__ == "__main__":
    sys.exit(main())
