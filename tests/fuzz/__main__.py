"""Runs the fuzzer, or feeds files to a parser again: `make fuzz`, `python -m tests.fuzz --help`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from tests.fuzz.campaign import Bounds, Result, fuzz
from tests.fuzz.limits import feed
from tests.fuzz.parsers import PARSERS, load
from tests.support.values import replace

EVERYDAY = Bounds(runs=-1, seconds=15)
"""For each parser, so that all take a few minutes."""

WIDTH = 100
"""Columns: the table is whole in a log too."""

LONGEST = 6 * 3600
"""Seconds for each parser, where a number of inputs is asked for."""

COLUMNS = ("parser", "inputs", "time", "edges", "new", "slowest", "memory", "growth", "findings")
LEGEND = """time: of the clock; edges: of the instrumented code, all that were reached;
new: inputs that reached something; slowest: processor time of one input;
growth: of memory, after the first 65,536 inputs"""


def table_of(results: list[Result]) -> Table:
    """Give what came of each parser."""
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == "parser" else "right", no_wrap=True)
    for each in results:
        notes = each.notes
        table.add_row(
            each.parser,
            f"{each.inputs:,}",
            f"{each.seconds:,.0f} s",
            f"{each.edges:,}",
            f"{each.added:,}",
            f"{notes.slowest * 1000:,.0f} ms",
            f"{notes.peak // 1024} MB",
            f"{(notes.peak - notes.early) // 1024} MB",
            str(len(each.findings)),
        )
    return table


def run(names: list[str], bounds: Bounds, *, keep: bool) -> int:
    """Run the fuzzer over each parser and print what came of it; 1 if anything was found."""
    console, results = Console(width=WIDTH), []
    for name in names:
        result = fuzz(name, bounds, keep=keep)
        results.append(result)
        console.print(f"{name}: {result.inputs:,} inputs, {len(result.findings)} findings")
    console.print(table_of(results), LEGEND)
    for result in results:
        for path in result.findings:
            console.print(f"{path}\n  python -m tests.fuzz {result.parser} --feed {path}")
    return 1 if any(result.findings for result in results) else 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("parsers", nargs="*", default=[], help=", ".join(PARSERS))
    parser.add_argument("--runs", type=int, help="inputs for each parser, however long they take")
    parser.add_argument("--seconds", type=int, help="at most, for each parser")
    parser.add_argument("--keep", action="store_true", help="put what was found into the corpus")
    parser.add_argument("--feed", type=Path, nargs="+", help="only feed these files to the parser")
    given = parser.parse_args()
    names = given.parsers or [*PARSERS]
    if given.feed:
        (name,) = names
        for path in given.feed:
            print(f"{path}: {feed(load(name).entry, path.read_bytes()):.3f} s")
        return 0
    bounds = EVERYDAY if given.runs is None else Bounds(given.runs, LONGEST)
    if given.seconds is not None:
        bounds = replace(bounds, seconds=given.seconds)
    return run(names, bounds, keep=given.keep)


if __name__ == "__main__":
    sys.exit(main())
