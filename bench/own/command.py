"""`python -m bench [SUBJECT…]`: our own work, measured without transport or load generator."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.own import (
    allocations,
    checking,
    decisions,
    growth,
    memory,
    records,
    reload,
    stages,
    start,
    workers,
)
from bench.own.subject import Setting, Subject
from bench.own.tables import keep, machine, show

WIDTH = 110
"""Columns: the tables are whole in a log too."""

SUBJECTS = (
    Subject("decisions", "whole decisions: warm, cold, refused, challenged", decisions.run),
    Subject("stages", "where the time of a warm decision goes", stages.run),
    Subject("allocations", "what a decision allocates, and the collector's share", allocations.run),
    Subject("growth", "cost against what is declared, known or sent", growth.run),
    Subject("records", "levels of records compared", records.run),
    Subject("memory", "resident memory of an object of each kind", memory.run),
    Subject("workers", "what a second process adds, without a generator", workers.run),
    Subject("start", "`authz serve` until it serves, and what it holds", start.run),
    Subject("checking", "`authz policy check` of many policies and of many tools", checking.run),
    Subject("reload", "the longest wait while a world is replaced", reload.run),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for, print it and keep it in `bench/results`."""
    options = _parser().parse_args(arguments)
    console = Console(width=WIDTH)
    wanted: Sequence[Subject] = options.subject or SUBJECTS
    for number, subject in enumerate(wanted, 1):
        _say(f"[{number}/{len(wanted)}] {subject.name}: {subject.what}")
        before, started = machine(), time.monotonic()
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            tables = subject.run(Setting(Path(folder), options.quick, _say))
        for table in tables:
            show(table, console)
        if not options.quick:
            keep(subject.name, tables, before)
        _say(f"{subject.name}: {time.monotonic() - started:.0f} s")
    return 0


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    subjects = "\n".join(f"  {each.name:12} {each.what}" for each in SUBJECTS)
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure what our own work costs, in microseconds of CPU; all by default.",
        epilog=f"subjects:\n{subjects}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("subject", nargs="*", type=_subject, metavar="SUBJECT")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a part of the work, to see that it runs; keeps nothing",
    )
    return parser


def _subject(name: str) -> Subject:
    for each in SUBJECTS:
        if each.name == name:
            return each
    raise argparse.ArgumentTypeError(f"there is no subject {name!r}; --help lists them")
