"""From the start of a process until it serves, in worlds of several sizes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from bench.own.serving import serving
from bench.own.subject import Setting
from bench.own.tables import Cell, Table
from bench.own.worlds import LARGE, SMALLEST, Size, write_world

TIMES = 3
"""Starts of each kind, of which the median is told."""

WORLDS = {
    "empty": SMALLEST,
    "200 tools, 50 agents, 50 policies": Size(),
    "1,000 tools, 10,000 agents, 1,000 policies": LARGE,
}
TARGETS = {
    ("empty", "first"): "≤ 1 s, ≤ 90 MB",
    ("1,000 tools, 10,000 agents, 1,000 policies", "first"): "≤ 8 s, ≤ 250 MB",
    ("1,000 tools, 10,000 agents, 1,000 policies", "again"): "≤ 3 s, ≤ 250 MB",
}


def run(setting: Setting) -> Sequence[Table]:
    """Start every world, for the first time and again."""
    rows: list[tuple[Cell, ...]] = []
    for at, (name, size) in enumerate(WORLDS.items()):
        if setting.is_quick and size is LARGE:
            continue
        times = 1 if setting.is_quick or size is LARGE else TIMES
        homes = [
            write_world(setting.folder / f"world-{at}-{number}", size) for number in range(times)
        ]
        for turn in ("first", "again"):
            setting.say(f"start: {name}, {turn}")
            rows.append((name, turn, *_started(homes), TARGETS.get((name, turn))))
    columns = ("world", "time", "s by the clock", "s of CPU", "MB resident", "target")
    notes = (
        "First: nothing of it was ever validated. Again: the same files were, by an earlier start.",
    )
    return [Table("Start of `authz serve` until it serves", columns, rows, notes)]


def _started(homes: Sequence[Path]) -> tuple[float, float, float]:
    seconds, cpu, memory = [], [], []
    for home in homes:
        with serving(home) as served:
            seconds.append(served.seconds)
            cpu.append(served.cpu)
            memory.append(served.resident())
    return statistics.median(seconds), statistics.median(cpu), statistics.median(memory)
