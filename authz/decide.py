"""The whole story on one screen: what must happen to one call.

Pure and synchronous. The order of the steps is part of the contract: the first
that refuses names the reason, and later steps do not run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, assert_never

from authz.model.call import Call
from authz.model.clearance import Clearance, Shown
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
from authz.steps.given import Bearer, Given
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
    given, known = Given(call, world, now, answers), Learning(call)
    ended = take(READING, given, known)
    if ended is None:
        ended = clear(given, known)
    if ended is None:
        ended = take(GRANTING, given, known)
    return allow(known) if ended is None else ended


def take(steps: tuple[Step, ...], given: Given, known: Learning) -> Outcome | Need | None:
    """Take *steps* in order, and learn; give how the decision ends, None where it goes on."""
    for step in steps:
        taken = step.take(given, known)
        if not isinstance(taken, Passed):
            return _end(taken, given, known, step)
        known.add(taken.fact)
        for fact in taken.besides:
            known.add(fact)
    return None


def clear(given: Given, known: Learning) -> Outcome | Need | None:
    """
    Take the steps from the workload to the ceilings, or learn what they found out about the same.

    What others said is not kept: it was their word for this call.
    """
    shown, world = shown_of(given, known), given.world
    kept = None if given.answers else world.clearances.find(shown)
    if kept is None or not kept.holds_at(given.now):
        found = _cleared(given, known, shown)
        if not isinstance(found, Clearance):
            return found
        kept = found
        if not given.answers and shown.is_short and _is_lean(kept):
            world.clearances.keep(shown, kept)
    known.add_all(kept.learned)
    known.add(kept)
    return None


def _cleared(given: Given, facts: Facts, shown: Shown) -> Clearance | Outcome | Need:
    """Take those steps; they are given nothing but what is shown."""
    narrow, known = narrowed(given, facts, shown)
    learned, until = list[object](), LATEST
    for step in CLEARING:
        taken = step.take(narrow, known)
        if not isinstance(taken, Passed):
            return _end(taken, given, facts.learn(*learned), step)
        for fact in (taken.fact, *taken.besides):
            known.add(fact)
            learned.append(fact)
        until = min(until, taken.until)
    return Clearance(Facts(*learned), known, given.now, until)


def _is_lean(clearance: Clearance) -> bool:
    """Say whether it holds on to no token that takes much room."""
    bearer = clearance.learned.find(Bearer)
    return bearer is None or bearer.claims.is_lean


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
