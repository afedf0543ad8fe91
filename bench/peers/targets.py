"""What ours is to reach against the peers, and whether it does.

Every target is a ratio, for 16 calls in flight on `mix` with fresh servers each round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.peers.figures import Measure, Runs, Spread, cpu, p99, throughput
from bench.peers.servers import FAST, FLOOR, OPA, OURS

STEADY = "mix, 16 in flight"


@dataclass(frozen=True)
class Target:
    """A ratio that is wanted."""

    what: str
    server: str
    other: str
    measure: Measure
    limit: float
    first_pass: bool = False
    at_least: bool = False

    @property
    def wanted(self) -> str:
        """Say what is wanted."""
        return f"{'at least' if self.at_least else 'at most'} {self.limit}"

    def is_met_by(self, ratio: Spread) -> bool:
        """Say whether the median of the rounds is within the limit."""
        return ratio.middle >= self.limit if self.at_least else ratio.middle <= self.limit


TARGETS = (
    Target("CPU a check", OURS, OPA, cpu, 0.34),
    Target("throughput", OURS, OPA, throughput, 2.5, at_least=True),
    Target("p99", OURS, OPA, p99, 0.5),
    Target("CPU a check, first pass", OURS, OPA, cpu, 0.55, first_pass=True),
    Target("CPU a check", FAST, OPA, cpu, 0.22),
    Target("CPU a check", FAST, FLOOR, cpu, 1.0),
    Target("CPU a check, first pass", FAST, OPA, cpu, 0.45, first_pass=True),
)


def is_aimed_at(runs: Runs) -> bool:
    """Say whether *runs* are of something that the targets speak of."""
    return STEADY in runs.loads


def verdicts(runs: Runs) -> Iterator[tuple[Target, Spread | None, str]]:
    """Give each target with what was measured, and `met`, `not met` or `not measured`."""
    first = next((load for load in runs.loads if load.startswith(f"{STEADY}, first")), "")
    for target in TARGETS:
        load = first if target.first_pass else STEADY
        ratio = runs.ratio(load, target.server, target.other, target.measure)
        said = "not measured"
        if ratio is not None:
            said = "met" if target.is_met_by(ratio) else "not met"
        if any(runs.count(load, server, "lost") for server in (target.server, target.other)):
            said += ", and not every call was made"
        yield target, ratio, said
