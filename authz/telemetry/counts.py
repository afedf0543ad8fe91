"""What a gate counts: plain numbers of one process, as values that can be told and added up.

To count costs a decision next to nothing; everything else is done when somebody
asks for metrics, or some times a second for whoever shows those of several.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from authz.model.memo import Memo
from authz.model.reasons import Reason
from authz.telemetry.names import DURATION_BOUNDS, STAGES

SPANS = ("made", "left_out")

AnyMemo = Memo[Any, Any]
_BOUNDS = tuple(round(bound * 1e6) for bound in DURATION_BOUNDS)


class Spent(NamedTuple):
    """Time in one stage."""

    microseconds: int = 0
    runs: int = 0


class Kept(NamedTuple):
    """How often memos of one name helped, and what they hold."""

    hits: int = 0
    misses: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Now:
    """How a process stands at this moment. It is no more once that has ended."""

    world: str
    since: int
    """Seconds since 1970 at which the world came into force."""

    waiting: int = 0
    """Records that are not in the file yet."""

    in_hand: int = 0
    """Checks that are taken on and not answered yet."""

    places: int = 0
    """How many are taken on at the most."""

    records_failing: int = 0
    """1 while records cannot be written."""

    signing_since: int | None = None
    """Seconds since 1970 from which the key signs; None where its name does not say."""

    failing: Mapping[str, int] = field(default_factory=dict)
    """What is not as its files say, since when in seconds since 1970."""

    issuers: Mapping[str, Sequence[int | None]] = field(default_factory=dict)
    """Whether it answered last (1 or 0), and until when its keys may be used, by issuer asked."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What was counted from the start on."""

    checks: Mapping[str, int] = field(default_factory=dict)
    """Answers by reason."""

    stages: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """`Spent` by stage."""

    memos: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """`Kept` by name."""

    durations: Sequence[int] = (0,) * (len(DURATION_BOUNDS) + 1)
    """Checks by how long they took: one number for each of `DURATION_BOUNDS`, and the longer."""

    microseconds: int = 0
    """That all of them took."""

    spans: Mapping[str, int] = field(default_factory=dict)
    """How many were made, and how many left out as too many."""

    def add(self, other: Totals) -> Totals:
        """Give both together."""
        reasons = {**self.checks, **other.checks}
        return Totals(
            {each: self.checks.get(each, 0) + other.checks.get(each, 0) for each in reasons},
            _added(self.stages, other.stages),
            _added(self.memos, other.memos),
            [sum(pair) for pair in zip(self.durations, other.durations, strict=True)],
            self.microseconds + other.microseconds,
            {each: self.spans.get(each, 0) + other.spans.get(each, 0) for each in SPANS},
        )

    def ended(self) -> Totals:
        """Give what stays of a process that has ended: its memos hold nothing."""
        memos = {name: (hits, misses, 0) for name, (hits, misses, _) in self.memos.items()}
        return replace(self, memos=memos)


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to show, of all processes together."""

    totals: Totals
    now: Sequence[Now]
    """Of each that runs."""

    ready: int
    restarts: int
    moment: int
    """Seconds since 1970."""


def _added(
    one: Mapping[str, Sequence[int]], other: Mapping[str, Sequence[int]]
) -> dict[str, Sequence[int]]:
    both = dict(one)
    for name, each in other.items():
        numbers = each
        before = both.get(name)
        if before:
            numbers = [sum(pair) for pair in zip(before, numbers, strict=True)]
        both[name] = numbers
    return both


class Counts:
    """
    What this process counts.

    `numbers[key] += 1` is a few steps of the interpreter between which it does not
    change threads, so the threads of one process lose no count to each other.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._checks = dict.fromkeys(Reason, 0)
        self._times = dict.fromkeys(STAGES, 0)
        self._runs = dict.fromkeys(STAGES, 0)
        self._durations = [0] * (len(_BOUNDS) + 1)
        self._microseconds = [0]
        self.spans_made, self.spans_left_out = 0, 0
        self._memos = MemoSums()

    def decided(self, reason: Reason, stages: Mapping[str, int], microseconds: int) -> None:
        """
        Count one answer.

        Args:
            reason: Of the answer.
            stages: Microseconds by name; names that are no `STAGES` are not counted.
            microseconds: From its arrival on, its record included.
        """
        self._durations[bisect_left(_BOUNDS, microseconds)] += 1
        self._microseconds[0] += microseconds
        self._checks[reason] += 1
        times, runs = self._times, self._runs
        for stage, spent in stages.items():
            if stage in times:
                times[stage] += spent
                runs[stage] += 1

    def totals(self, memos: Iterable[AnyMemo]) -> Totals:
        """Give what was counted until now; *memos* are all that live."""
        return Totals(
            {str(reason): count for reason, count in self._checks.items()},
            {stage: Spent(spent, self._runs[stage]) for stage, spent in self._times.items()},
            self._memos.with_those(memos),
            tuple(self._durations),
            self._microseconds[0],
            {"made": self.spans_made, "left_out": self.spans_left_out},
        )


class MemoSums:
    """Sums of what memos count, by name; those of a world that is gone stay in them."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._seen: WeakKeyDictionary[AnyMemo, tuple[int, int]] = WeakKeyDictionary()
        self._sums: dict[str, Kept] = {}

    def with_those(self, memos: Iterable[AnyMemo]) -> Mapping[str, Kept]:
        """Give the sums with what *memos*, all that live, have counted since the last time."""
        with self._lock:
            sums = {name: each._replace(size=0) for name, each in self._sums.items()}
            for memo in memos:
                hits, misses = memo.hits, memo.misses
                before = self._seen.get(memo, (0, 0))
                self._seen[memo] = (hits, misses)
                so_far = sums.get(memo.name, Kept())
                sums[memo.name] = Kept(
                    so_far.hits + hits - before[0],
                    so_far.misses + misses - before[1],
                    so_far.size + len(memo),
                )
            self._sums = sums
            return sums
