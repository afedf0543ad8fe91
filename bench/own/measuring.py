"""CPU time of small pieces of work: blocks in alternating rounds, medians of them."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Block = Callable[[], object]
"""Does a piece of work as often as its `Variant` says."""

Clock = Callable[[], int]
"""Tells nanoseconds; from when on does not matter."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Something to be measured in rounds."""

    prepare: Callable[[int], Block]
    """Gives the block of a round. What it takes to make that is not measured."""

    times: int
    """How often a block does its work."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Microseconds of CPU for one piece of work, over all rounds."""

    median: float
    low: float
    """The first quartile."""

    high: float
    """The third."""

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Sum up *values*, of which there are at least two."""
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


def alternate(
    variants: Mapping[str, Variant], rounds: int, clock: Clock = time.thread_time_ns
) -> dict[str, Spread]:
    """
    Measure *variants* in *rounds* rounds, forwards and backwards in turn.

    What the machine does beside it so falls on all of them alike. Time is this
    thread's, in the kernel too. The collector runs as it does in the service.
    """
    spent: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds):
        order = [*variants] if number % 2 == 0 else [*variants][::-1]
        for name in order:
            variant = variants[name]
            block = variant.prepare(number)
            spent[name].append(_spent(block, clock) / variant.times)
    return {name: Spread.of(values) for name, values in spent.items()}


def _spent(block: Block, clock: Clock) -> float:
    """Give the microseconds that *block* takes."""
    gc.collect()
    started = clock()
    block()
    return (clock() - started) / 1000


def repeated(work: Callable[[], object], times: int) -> Variant:
    """Measure *work*, which may be done again and again."""

    def block() -> None:
        for _ in range(times):
            work()

    return Variant(lambda _round: block, times)
