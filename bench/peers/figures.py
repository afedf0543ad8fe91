"""Figures of several rounds: medians with their spread, and ratios of two servers.

A ratio is taken within each round, where both servers met the same machine; its
spread is the smallest and the largest of the rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, Self

from bench.peers.rounds import Run

Measure = Callable[[Run], float]


@dataclass(frozen=True)
class Spread:
    """The median of some values, and how far they lie apart."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self | None:
        """Give the spread of *values*; of none there is none."""
        found = sorted(values)
        return cls(median(found), found[0], found[-1]) if found else None

    def written(self, digits: int = 0) -> str:
        """Write it with so many digits behind the point."""
        return f"{self.middle:,.{digits}f} [{self.low:,.{digits}f}-{self.high:,.{digits}f}]"


def cpu(run: Run) -> float:
    """Give the server's CPU time for a call, in microseconds."""
    return float(run.found["cpu_us"][0])


def envoy_cpu(run: Run) -> float:
    """Give Envoy's CPU time for a request, in microseconds, of a load through it."""
    return float(run.found["cpu_us"][-1])


def throughput(run: Run) -> float:
    """Give calls a second."""
    return float(run.found["per_second"])


def p50(run: Run) -> float:
    """Give the latency that half of the calls stay below, in milliseconds."""
    return float(run.found["p50_ms"])


def p99(run: Run) -> float:
    """Give the latency that 99 of 100 calls stay below, in milliseconds."""
    return float(run.found["p99_ms"])


def resident(run: Run) -> float:
    """Give the server's resident memory at the end, in megabytes."""
    return float(run.found["resident_mb"][0])


@dataclass(frozen=True)
class Runs:
    """All runs of a comparison."""

    rows: Sequence[Run]

    @property
    def loads(self) -> list[str]:
        """The loads, in the order in which they came."""
        return list(dict.fromkeys(run.load for run in self.rows))

    def servers(self, load: str) -> list[str]:
        """Give who got *load*, in the order of the first round."""
        return list(dict.fromkeys(run.server for run in self.rows if run.load == load))

    def of(self, load: str, server: str) -> list[Run]:
        """Give the runs of *server* under *load* that ran to their end."""
        return [
            run
            for run in self.rows
            if (run.load, run.server) == (load, server) and "failed" not in run.found
        ]

    def spread(self, load: str, server: str, measure: Measure) -> Spread | None:
        """Give what *measure* says over the rounds."""
        return Spread.of(measure(run) for run in self.of(load, server))

    def count(self, load: str, server: str, what: Literal["errors", "wrong", "lost"]) -> int:
        """Add up what must be nought."""
        return sum(int(run.found[what]) for run in self.of(load, server))

    def ratio(self, load: str, server: str, other: str, measure: Measure) -> Spread | None:
        """Give *server*'s measure over *other*'s, round by round."""
        theirs = {run.round: measure(run) for run in self.of(load, other)}
        ours = {run.round: measure(run) for run in self.of(load, server)}
        shared = ours.keys() & theirs.keys()
        return Spread.of(ours[each] / theirs[each] for each in shared if theirs[each])
