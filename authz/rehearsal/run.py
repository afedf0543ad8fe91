"""What policies say of the cases, held against what the cases expect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from authz.directory.suites import Case
from authz.model.reasons import Reason
from authz.policy.compiled import Policies
from authz.policy.explain import LegExplanation, explain
from authz.policy.judge import judge
from authz.policy.question import Question
from authz.rehearsal.cases import Rehearsed


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case."""

    case: Case
    question: Question
    got: Reason
    detail: str
    """What the judgement says of itself."""

    fails_at: tuple[str, ...]
    """The `@id` of the policies that are to blame; sorted."""

    legs: tuple[LegExplanation, ...]
    met: tuple[str, ...]
    """The step-ups that policies were asked about as if they were met."""

    @property
    def is_as_expected(self) -> bool:
        """Whether the outcome, and the policy where one is named, are the expected ones."""
        named = self.case.fails_at
        return self.got == self.case.expect and (named is None or named in self.fails_at)


def run(rehearsed: Iterable[Rehearsed], policies: Policies) -> Iterator[Result]:
    """Judge every case, in order."""
    for each in rehearsed:
        judgement = judge(each.question, policies)
        legs = explain(judgement, each.question, policies)
        blamed = sorted({name for leg in legs for name in _blamed(leg)})
        yield Result(
            case=each.case,
            question=each.question,
            got=judgement.reason,
            detail=judgement.detail,
            fails_at=tuple(blamed),
            legs=legs,
            met=judgement.challenges or judgement.assumed,
        )


def _blamed(leg: LegExplanation) -> Iterator[str]:
    """
    Give the policies that one leg fails at.

    Those that forbid or err; the permits that withhold a scope; or the permits
    that lack as few conditions as the nearest one.
    """
    if leg.reason is Reason.NO_PERMIT:
        lacks = [sum(each.truth != "true" for each in policy.conditions) for policy in leg.near]
        yield from (
            policy.ref.id
            for policy, lacking in zip(leg.near, lacks, strict=True)
            if lacking == min(lacks)
        )
    elif leg.reason is not Reason.ALLOW:
        yield from (policy.ref.id for policy in leg.policies)
    elif leg.withheld:
        yield from (policy.ref.id for policy in leg.policies if policy.withholds)
