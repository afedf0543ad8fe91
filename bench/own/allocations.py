"""What a decision allocates, and what collecting that costs."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from bench.own.decisions import NOTE, variant
from bench.own.gate import Gate, opened_gate
from bench.own.measuring import Block, Variant, alternate
from bench.own.scenarios import SCENARIOS, Scenario
from bench.own.subject import Setting
from bench.own.tables import Cell, Table
from bench.own.worlds import Size, write_world

COUNTED = 200
"""Decisions that are counted together."""

ROUNDS = 8
DECISIONS = 500
"""In a block: enough that the collector has something to do."""

SETTLED = 300
"""Decisions before anything is counted."""

READING = f"""Peak: the most that a decision holds at once.
Kept: blocks that are there still after it, the mean of {COUNTED}: what memos hold.
Containers: objects of a decision that the collector alone frees, or that are kept."""

MEASURED = ("allow", "allow, mint", "reads new arguments", "new token", "refused: policy")


def run(setting: Setting) -> Sequence[Table]:
    """Count allocations, then compare settings of the collector."""
    home = write_world(setting.folder / "home", Size())
    with opened_gate(home) as gate:
        rows = [_counted(gate, SCENARIOS[name], setting) for name in MEASURED]
        collecting = _collecting(gate, setting)
    columns = ("decision", "peak, KB", "kept, blocks", "containers left to the collector")
    return [Table("Allocations of a decision", columns, rows, [NOTE, READING]), collecting]


def _counted(gate: Gate, scenario: Scenario, setting: Setting) -> tuple[Cell, ...]:
    setting.say(f"allocations of: {scenario.name}")
    checks = scenario.checks(0, SETTLED + 2 * COUNTED + 1)
    for each in checks[:SETTLED]:
        gate.ask(each)
    gc.collect()
    with _no_collector():
        containers = _grown(
            lambda: gc.get_count()[0], gate.ask, checks[SETTLED : SETTLED + COUNTED]
        )
        gc.collect()
        # After what was only waiting for the collector is gone.
        before = sys.getallocatedblocks()
        for each in checks[SETTLED + COUNTED : -1]:
            gate.ask(each)
        gc.collect()
        kept = (sys.getallocatedblocks() - before) / COUNTED
        peak = _peak(gate, checks[-1])
    return (scenario.name, peak / 1024, kept, containers)


def _grown(read: Callable[[], int], ask: Callable[[bytes], object], checks: list[bytes]) -> float:
    before = read()
    for each in checks:
        ask(each)
    return (read() - before) / len(checks)


def _peak(gate: Gate, check: bytes) -> int:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        gate.ask(check)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return most - before


@contextmanager
def _no_collector() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _collecting(gate: Gate, setting: Setting) -> Table:
    setting.say("the collector, in three settings")
    warm = variant(gate, SCENARIOS["allow, mint"], DECISIONS)
    settings = {
        "as it is": warm,
        "off": _within(_no_collector, warm),
        "heap frozen": _within(_frozen, warm),
    }
    found = alternate(settings, setting.rounds(ROUNDS))
    least = found["off"].median
    rows = [
        (name, each.median, each.low, each.high, each.median / least)
        for name, each in found.items()
    ]
    columns = ("collector", "µs, median", "1st quartile", "3rd quartile", "× off")
    notes = ("Frozen: what is there before the first decision is never looked at again.",)
    return Table("The garbage collector's share of: allow, mint", columns, rows, notes)


@contextmanager
def _frozen() -> Iterator[None]:
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _within(scope: Callable[[], AbstractContextManager[None]], inner: Variant) -> Variant:
    """Measure *inner* inside *scope*, which is entered once for a block."""

    def prepare(number: int) -> Block:
        return partial(_do_within, scope, inner.prepare(number))

    return Variant(prepare, inner.times)


def _do_within(scope: Callable[[], AbstractContextManager[None]], block: Block) -> None:
    with scope():
        block()
