"""Condition coverage: whether the cases have seen every condition true, and false.

A condition is seen where the engine comes to it: all that stand before it in
its policy hold. A tier's guard is not the author's and does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from authz.policy.arguments import BadArgument
from authz.policy.compiled import Policies
from authz.policy.conjuncts import Part, conjuncts_of
from authz.policy.question import PolicyRef
from authz.policy.scene import Probes, Stage, Truth, stages_of
from authz.rehearsal.run import Result


@dataclass(frozen=True, slots=True)
class Covered:
    """One condition, and which truths of it were seen."""

    policy: PolicyRef
    part: Part
    text: str
    line: int
    seen: frozenset[bool]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What all cases together have seen."""

    conditions: tuple[Covered, ...]

    @property
    def sides(self) -> int:
        """How many truths could be seen: two a condition."""
        return 2 * len(self.conditions)

    @property
    def seen(self) -> int:
        """How many of them were."""
        return sum(len(each.seen) for each in self.conditions)

    @property
    def percent(self) -> float:
        """The part that was seen, from 0 to 100; 100 where there are no conditions."""
        return 100 * self.seen / self.sides if self.sides else 100.0


def coverage_of(results: Iterable[Result], policies: Policies) -> Coverage:
    """Give what *results* saw of every condition, step-ups taken as met too, by file and line."""
    in_order = sorted(
        policies.by_engine_id.values(), key=lambda each: (each.ref.file, each.ref.line)
    )
    rows = [(policy.ref, conjuncts_of(policy)) for policy in in_order]
    conjuncts = [each for _, parts in rows for each in parts]
    probes = Probes.of([each.text for each in conjuncts])
    seen: list[set[bool]] = [set() for _ in conjuncts]
    lengths = [len(parts) for _, parts in rows]
    for result in results:
        for stage in _stages(result, policies):
            for index, truth in _reached(stage.truths(probes), lengths):
                seen[index].add(truth)
    refs = [ref for ref, parts in rows for _ in parts]
    return Coverage(
        tuple(
            Covered(ref, each.part, each.text, each.line, frozenset(truths))
            for ref, each, truths in zip(refs, conjuncts, seen, strict=True)
            if each.part is not Part.TIER
        )
    )


def _stages(result: Result, policies: Policies) -> Iterator[Stage]:
    for assumed in dict.fromkeys(((), result.met)):
        try:
            yield from stages_of(result.question, policies, assumed)
        except BadArgument:
            return


def _reached(truths: list[Truth], lengths: Iterable[int]) -> Iterable[tuple[int, bool]]:
    """Give the truths that the engine comes to, by the place of their condition."""
    start = 0
    for length in lengths:
        for index in range(start, start + length):
            if truths[index] is not Truth.ERROR:
                yield index, truths[index] is Truth.TRUE
            if truths[index] is not Truth.TRUE:
                break
        start += length
