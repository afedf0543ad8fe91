"""What the promise costs that each level of records makes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack

from authz.directory.compiled import RecordLevel
from bench.own.decisions import variant
from bench.own.gate import Gate, opened_gate
from bench.own.measuring import alternate
from bench.own.scenarios import SCENARIOS
from bench.own.subject import Setting
from bench.own.tables import Cell, Table
from bench.own.worlds import Size, write_world

ROUNDS = 16
DECISIONS = 40
MEASURED = "allow"


def run(setting: Setting) -> Sequence[Table]:
    """Decide the same at every level, in turn."""
    home = write_world(setting.folder / "home", Size())
    setting.say("the same decisions at three levels")
    with ExitStack() as opened:
        gates = {level: opened.enter_context(opened_gate(home, level)) for level in RecordLevel}
        variants = {
            str(level): variant(gate, SCENARIOS[MEASURED], DECISIONS)
            for level, gate in gates.items()
        }
        found = alternate(variants, setting.rounds(ROUNDS))
        waits = {str(level): _waiting(gate) for level, gate in gates.items()}
    written = found[str(RecordLevel.WRITTEN)].median
    rows: list[tuple[Cell, ...]] = [
        (level, each.median, each.low, each.high, each.median / written, waits[level])
        for level, each in found.items()
    ]
    columns = (
        "level",
        "CPU µs, median",
        "1st quartile",
        "3rd quartile",
        "× written",
        "by the clock, µs",
    )
    note = (
        "CPU is that of the thread that decides; `queued` writes in another. By the clock: one "
        "after the other by one caller, so `durable` waits for the disk alone each time."
    )
    return [Table("Levels of records", columns, rows, [note])]


def _waiting(gate: Gate) -> float:
    checks = SCENARIOS[MEASURED].checks(0, DECISIONS)
    started = time.perf_counter_ns()
    for each in checks:
        gate.ask(each)
    return (time.perf_counter_ns() - started) / 1000 / DECISIONS
