"""What would have to be otherwise for policies to allow: conditions, scopes, step-ups, permits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from authz.model.reasons import Reason
from authz.model.scopes import Scopes, format_scopes
from authz.policy.explain import LegExplanation, TurningPoint
from authz.policy.offers import action_of
from authz.policy.question import USER, Judgement, Question
from authz.policy.schema import quoted
from authz.policy.tiers import folders_for
from authz.trial.changes import NOTHING, Change

_EVIDENCE = {
    "mfa": "a fresh login with several factors",
    "consent": "the user's consent",
    "approval": "an approval",
}


def policy_changes(
    judgement: Judgement, legs: Sequence[LegExplanation], question: Question
) -> Iterator[Change]:
    """
    Give what would have to be otherwise for policy to allow.

    Evaluating has shown that the conditions are enough, unless a scope or a permit
    that nobody has written is among them: these are named and not tried. Where a
    step-up would do, it is named instead; no condition at all where a leg has
    policies and none is near enough.
    """
    if judgement.reason is Reason.ALLOW:
        return
    if judgement.challenges:
        for kind in judgement.challenges:
            yield Change("the session", kind, NOTHING, _EVIDENCE[kind], was_tried=True)
        return
    for leg in legs:
        if leg.withheld:
            yield _withheld(leg)
        elif leg.still_withheld:
            yield _scope_change(f"the permits for {leg.party}", leg.still_withheld)
    unspoken = [leg for leg in legs if leg.reason is Reason.NO_PERMIT and not leg.near]
    yield from (_permit(leg, question) for leg in unspoken)
    denied = [leg for leg in legs if leg.reason is not Reason.ALLOW and leg not in unspoken]
    if all(leg.changes for leg in denied):
        points: dict[str, tuple[TurningPoint, list[str]]] = {}
        for leg in denied:
            for point in leg.changes:
                points.setdefault(repr(point), (point, []))[1].append(leg.party)
        yield from (_condition(parties, point) for point, parties in points.values())


def _permit(leg: LegExplanation, question: Question) -> Change:
    agent = "" if leg.party == USER else leg.party
    folders = folders_for(question.target.namespace, agent)
    member = f"permit of Action::{quoted(action_of(question))}"
    return Change(
        f"the policies for {leg.party}", member, NOTHING, f"one in {' or '.join(folders)}"
    )


def _condition(parties: Sequence[str], point: TurningPoint) -> Change:
    at = f"{point.policy.file}:{point.line}"
    place = f"policy {point.policy.id} ({at}), for {' and '.join(parties)}"
    seen = "; ".join(f"{path} is {value}" for path, value in point.reads.items())
    return Change(
        subject=place,
        member=point.condition,
        seen=f"{str(not point.wanted).lower()}{f' ({seen})' if seen else ''}",
        needed=str(point.wanted).lower(),
        was_tried=True,
    )


def _withheld(leg: LegExplanation) -> Change:
    permits = ", ".join(str(policy.ref) for policy in leg.policies)
    return _scope_change(f"the permits for {leg.party}: {permits}", leg.withheld)


def _scope_change(subject: str, lacking: Scopes) -> Change:
    missing = format_scopes(lacking)
    return Change(subject, "@scope", f"without {missing}", f"with {missing} in one of them")
