"""The whole story on one screen: what must happen to one call.

Pure and synchronous. The order of the steps is part of the contract: the first
that refuses names the reason, and later steps do not run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, assert_never

from authz.model.call import Call
from authz.model.clearance import Clearance
from authz.model.instant import LATEST, Instant
from authz.model.needs import ChallengeNeeded, IntrospectionNeeded, KeysNeeded, Need
from authz.model.outcome import (
    Answered,
    Answers,
    Facts,
    Forwarded,
    Learning,
    Opened,
    Outcome,
    Passed,
    Refused,
    Replied,
)
from authz.outcomes import allow, refuse
from authz.steps.ceilings import check_agents, check_user
from authz.steps.clearing import narrowed, shown_of
from authz.steps.connection import check_connection
from authz.steps.given import Given
from authz.steps.operation import check_operation
from authz.steps.policy import check_challenges, judge_policies
from authz.steps.public import answer_public, find_route
from authz.steps.read import read_request
from authz.steps.subject import prove_subject
from authz.steps.suspension import check_suspension
from authz.steps.token import describe_token
from authz.steps.workload import prove_workload
from authz.world import World

Ended = Answered | Opened | Refused | Need
Taken = Passed[object] | Ended
"""What a step says: go on, done, no, or what it has to know first."""


class Step(NamedTuple):
    """One row of the contract: its number, and the function that takes it."""

    number: int
    take: Callable[[Given, Facts], Taken]


READING = (
    Step(0, find_route),
    Step(0, answer_public),
    Step(1, read_request),
)
CLEARING = (
    Step(2, prove_workload),
    Step(3, prove_subject),
    Step(4, check_suspension),
    Step(5, check_connection),
    Step(6, check_operation),
    Step(7, check_agents),
    Step(8, check_user),
)
"""They look at nothing of the call but what `clearing` shows them."""

GRANTING = (
    Step(9, judge_policies),
    Step(10, check_challenges),
    Step(12, describe_token),
)
STEPS: tuple[Step, ...] = (*READING, *CLEARING, *GRANTING)


def decide(call: Call, world: World, now: Instant, answers: Answers) -> Outcome | Need:
    """
    Say what must happen to *call*; the same inputs give the same answer.

    Args:
        call: One Check, as Envoy told it; nothing of it is believed yet.
        world: The snapshot that this request lives in from beginning to end.
        now: The one instant of this request.
        answers: What the server found out for the needs of an earlier try.

    Returns:
        An outcome, unsigned and unwritten; or a `Need`, to be answered before
        `decide` is called again with the same call, world and instant.
    """
    given = Given(call, world, now, answers)
    read = _take(READING, given, Facts(call))
    if not isinstance(read, Facts):
        return read
    cleared = clear(given, read)
    if not isinstance(cleared, Facts):
        return cleared
    granted = _take(GRANTING, given, cleared)
    return allow(granted) if isinstance(granted, Facts) else granted


def _take(steps: tuple[Step, ...], given: Given, facts: Facts) -> Facts | Outcome | Need:
    """Take *steps* in order; give what is known after them, or how the decision ends."""
    known = Learning(facts)
    for step in steps:
        taken = step.take(given, known)
        if not isinstance(taken, Passed):
            return _end(taken, given, known, step)
        known.add(taken.fact)
        for fact in taken.besides:
            known.add(fact)
    return known


def clear(given: Given, facts: Facts) -> Facts | Outcome | Need:
    """
    Take the steps from the workload to the ceilings, or what they found out about the same.

    What others said is not kept: it was their word for this call.
    """
    shown, world = shown_of(given, facts), given.world
    kept = None if given.answers else world.clearances.find(shown)
    if kept is not None and kept.holds_at(given.now):
        return facts.join(kept.learned).learn(kept)
    narrow, narrow_facts = narrowed(given, facts, shown)
    known, learned = Learning(narrow_facts), list[object]()
    until = LATEST
    for step in CLEARING:
        taken = step.take(narrow, known)
        if not isinstance(taken, Passed):
            return _end(taken, given, facts.learn(*learned), step)
        for fact in (taken.fact, *taken.besides):
            known.add(fact)
            learned.append(fact)
        until = min(until, taken.until)
    found = Clearance(Facts(*learned), known, given.now, until)
    if not given.answers and shown.is_short:
        world.clearances.keep(shown, found)
    return facts.join(found.learned).learn(found)


def _end(taken: Ended, given: Given, facts: Facts, step: Step) -> Outcome | Need:
    match taken:
        case Answered(answer):
            return Replied(facts, step.number, answer)
        case Opened(learned):
            return Forwarded(facts.learn(*learned), step.number)
        case Refused() as refused:
            return refuse(given, facts.learn(*refused.facts), refused, step.number)
        case KeysNeeded() | IntrospectionNeeded() | ChallengeNeeded() as need:
            return need
        case other:
            assert_never(other)
