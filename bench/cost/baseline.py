"""What decisions cost when somebody last looked, and how much more they cost now."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench.cost.calls import PACKAGE

FILE = Path(__file__).parent / "baseline.json"

MOST_GROWTH = 1.08
"""Of instructions, for any scenario. The same tree gives the same within 1 %."""

WORTH_KEEPING = 0.92
"""What is cheaper than that is worth a new baseline, or half of it may be lost unseen."""

MOST_NAMED = 12
"""Functions that are named for a scenario; ours first, then those with most calls more."""

LEAST_CALLS = 0.01

PACKAGES = ("cedarpy", "cryptography", "orjson", "protobuf", "pyjwt")


@dataclass(frozen=True, slots=True)
class Count:
    """What one scenario costs a decision."""

    libraries: Mapping[str, int]
    """Instructions by the library that they are in; empty where none were counted."""

    calls: Mapping[str, float]
    """Calls of our functions by name, of others by package."""

    @property
    def instructions(self) -> int:
        """All of them."""
        return sum(self.libraries.values())


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts of scenarios, and what they were counted with."""

    machine: Mapping[str, str]
    """Interpreter, processor and the packages that do a share of the work."""

    scenarios: Mapping[str, Count]


@dataclass(frozen=True, slots=True)
class Change:
    """How the cost of a scenario changed."""

    scenario: str
    before: Count
    after: Count

    @property
    def ratio(self) -> float:
        """Instructions now against those before."""
        return self.after.instructions / self.before.instructions

    @property
    def is_too_dear(self) -> bool:
        """Whether it is more than may pass unseen."""
        return self.ratio > MOST_GROWTH

    @property
    def is_cheaper(self) -> bool:
        """Whether the baseline no longer guards what was gained."""
        return self.ratio < WORTH_KEEPING

    def reasons(self) -> Iterator[str]:
        """Say where more is done: libraries by instructions, then functions by calls."""
        least = self.before.instructions / 100
        for name, more in _grown(self.before.libraries, self.after.libraries, least):
            yield f"{more:+,.0f} instructions in {name}"
        calls = [*_grown(self.before.calls, self.after.calls, LEAST_CALLS)]
        calls.sort(key=lambda row: row[0].endswith(PACKAGE))
        for name, more in calls[:MOST_NAMED]:
            yield f"{more:+,.4g} calls of {name}"
        if len(calls) > MOST_NAMED:
            yield f"and more calls of {len(calls) - MOST_NAMED} others"


def _grown(
    before: Mapping[str, float], after: Mapping[str, float], least: float
) -> Iterator[tuple[str, float]]:
    """Give what grew by more than *least*, most first."""
    more = {name: count - before.get(name, 0) for name, count in after.items()}
    for name in sorted(more, key=lambda each: (-more[each], each)):
        if more[name] > least:
            yield name, more[name]


def changes(before: Counted, after: Counted) -> list[Change]:
    """Compare scenario by scenario; one that the baseline lacks has nothing to be compared with."""
    return [
        Change(name, before.scenarios[name], count)
        for name, count in after.scenarios.items()
        if name in before.scenarios
    ]


def this_machine() -> dict[str, str]:
    """Say what counts here depend on."""
    return {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "processor": platform.machine(),
        **{name: version(name) for name in PACKAGES},
    }


def as_text(counted: Counted) -> str:
    """Write *counted* with a line a function, so that a change can be read as a difference."""
    counts = counted.scenarios.values()
    rows = [
        f'"machine": {json.dumps(dict(counted.machine))}',
        f'"scenarios": {json.dumps([*counted.scenarios])}',
        f'"instructions": {_table([count.libraries for count in counts])}',
        f'"calls": {_table([count.calls for count in counts])}',
    ]
    return "{\n " + ",\n ".join(rows) + "\n}\n"


def _table(columns: Sequence[Mapping[str, float]]) -> str:
    names = sorted({name for column in columns for name in column})
    rows = ((name, [column.get(name, 0) for column in columns]) for name in names)
    return "{\n  " + ",\n  ".join(f"{json.dumps(name)}: {row}" for name, row in rows) + "\n }"


def read(text: str) -> Counted:
    """Read what `as_text` wrote."""
    told = json.loads(text)
    return Counted(
        told["machine"],
        {
            name: Count(_column(told["instructions"], at), _column(told["calls"], at))
            for at, name in enumerate(told["scenarios"])
        },
    )


def _column(rows: Mapping[str, list[int]], at: int) -> dict[str, int]:
    return {name: row[at] for name, row in rows.items() if row[at]}
