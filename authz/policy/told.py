"""An explanation as lines for people: what failed, where it is written, and what it saw."""

from __future__ import annotations

from collections.abc import Iterator

from authz.model.reasons import Reason
from authz.model.scopes import format_scopes
from authz.policy.conjuncts import Part
from authz.policy.explain import Condition, LegExplanation, PolicyExplanation, TurningPoint
from authz.policy.scene import Truth

MAX_NEAR = 5
"""Near policies that are told; the rest is counted."""

_VERBS = {Truth.TRUE: "holds", Truth.FALSE: "is false", Truth.ERROR: "cannot be evaluated"}


def lines_of(leg: LegExplanation) -> Iterator[str]:
    """Tell one leg: a heading, then what counts or is near, indented by two spaces a level."""
    assumed = f", as if {' and '.join(leg.assumed)} were met" if leg.assumed else ""
    yield f"{leg.party}: {leg.reason}{assumed}"
    if leg.withheld:
        yield f"  its permits do not give {format_scopes(leg.withheld)}"
    if leg.reason is Reason.ALLOW:
        for policy in leg.policies:
            yield f"  {_named(policy)}{_withholds(policy)}"
    for policy in leg.near[:MAX_NEAR]:
        yield from _policy(policy)
    if len(leg.near) > MAX_NEAR:
        yield f"  and {len(leg.near) - MAX_NEAR} more"
    if leg.reason is Reason.NO_PERMIT and not leg.near:
        yield "  no permit speaks of this action to this party"
    yield from _turning(leg)


def _policy(policy: PolicyExplanation) -> Iterator[str]:
    yield f"  {_named(policy)}{_withholds(policy)}"
    failed = policy.failed
    told = (failed,) if failed else _telling(policy)
    for condition in told:
        yield from _condition(condition)


def _telling(policy: PolicyExplanation) -> tuple[Condition, ...]:
    """Give the conditions of a policy that holds; its scope only where there is nothing else."""
    body = tuple(each for each in policy.conditions if each.part in (Part.WHEN, Part.UNLESS))
    return body or policy.conditions


def _named(policy: PolicyExplanation) -> str:
    because = f": {policy.ref.reason}" if policy.ref.reason else ""
    return f"{policy.effect} {policy.ref}{because}"


def _withholds(policy: PolicyExplanation) -> str:
    return f", gives no {format_scopes(policy.withholds)}" if policy.withholds else ""


def _condition(condition: Condition) -> Iterator[str]:
    yield f"    line {condition.line}: {condition.text} {_VERBS[condition.truth]}"
    for path, value in condition.reads.items():
        yield f"      {path}: {value}"


def _turning(leg: LegExplanation) -> Iterator[str]:
    point = leg.turning_point
    if point is not None:
        yield f"  it would be allowed if {_wanted(point)}"
    elif leg.changes:
        yield "  it would be allowed only if"
        for each in leg.changes:
            yield f"    {_wanted(each)}"
    if leg.still_withheld:
        yield f"  and its permits would still not give {format_scopes(leg.still_withheld)}"


def _wanted(point: TurningPoint) -> str:
    is_negated = point.unnegated is not None
    truth = "held" if point.wanted is not is_negated else "did not hold"
    place = f"{point.policy.id}, {point.policy.file}:{point.line}"
    return f"{point.unnegated or point.condition} {truth} ({place})"
