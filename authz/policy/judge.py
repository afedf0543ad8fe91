"""The judgement: every leg is evaluated apart, and all of them must be allowed.

A leg's Allow counts only with reasons and without errors: the engine skips a
policy that errs, so a forbid that errs would otherwise vanish. What would turn
a no into a yes is found by evaluating again as if it were met: only a step-up
that really leads to an allow is offered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from authz.directory.offers import Offer, Prompt, Tool
from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES, Scopes, format_scopes
from authz.model.strict_json import JSON
from authz.policy.annotations import STEP_UPS
from authz.policy.arguments import (
    Arguments,
    BadArgument,
    are_as_declared,
    check_exact,
    sort_arguments,
)
from authz.policy.compiled import Policies
from authz.policy.legs import leg_verdicts, settled_verdicts
from authz.policy.question import USER, Judgement, Leg, Question
from authz.policy.session import NO_EVIDENCE, Evidence
from authz.policy.shapes import ANY_OBJECT
from authz.policy.verdicts import Verdict

_WORST_LAST = (Reason.NO_PERMIT, Reason.FORBIDDEN, Reason.POLICY_ERROR)
"""Of several legs that say no, the one that stands latest here names the reason."""

_UNNAMED = {
    Reason.NO_PERMIT: "no policy permits it",
    Reason.POLICY_ERROR: "the engine gave no decision",
}
_CHALLENGES = {
    "mfa": Reason.STEP_UP_REQUIRED,
    "consent": Reason.CONSENT_REQUIRED,
    "approval": Reason.APPROVAL_PENDING,
}
_NO_CURES: frozenset[str] = frozenset()
_STEP_UPS = frozenset(STEP_UPS)
_WITHOUT_USER = frozenset({"approval"})
"""The only step-up that can help where nobody can log in or consent."""


Verdicts = Callable[[Evidence], Sequence[Verdict]]
"""Gives the verdict of every leg, the user's first, as if some evidence were there."""


def judge(question: Question, policies: Policies) -> Judgement:
    """
    Judge a question. Nothing is fetched, and no leg can speak for another.

    Returns:
        `allow` with the scopes that every leg's permits give; one of the
        challenges, with all that would have to be met; or the reason of the no.
    """
    try:
        arguments = sorted_arguments(question.offer, question.arguments, policies)
    except BadArgument as error:
        return Judgement(Reason.BAD_ARGUMENT, detail=str(error))
    return deliberate(question, policies, partial(leg_verdicts, question, arguments, policies))


def settle(question: Question, policies: Policies) -> Judgement | None:
    """
    Judge a question for whatever it is called with, and whenever and wherever from.

    Args:
        question: Without anything that only one call says: its `arguments`, `now`,
            `peer_address`, `headers` and `uri` are not looked at.
        policies: The world's.

    Returns:
        An allow, which `hold` says for which arguments it holds. None where a leg
        looks at these, and where it is no allow: why may depend on more.
    """
    verdicts = settled_verdicts(question, policies)
    if not verdicts or any(each.reason is not Reason.ALLOW for each in verdicts):
        return None
    legs = _legs(question, policies, verdicts)
    judgement = _permitted(question, legs, legs, frozenset())
    return judgement if judgement.reason is Reason.ALLOW else None


def hold(
    settled: Judgement,
    offer: Offer | None,
    arguments: Mapping[str, JSON] | None,
    policies: Policies,
) -> Judgement | None:
    """
    Give what `settle` came to for a call of *offer* with *arguments*.

    Returns:
        *settled*; the no for arguments that cannot be judged, or that readers differ
        over; None where some are unknown or untyped, for legs may look at that.
    """
    if arguments is None:
        return settled
    if isinstance(offer, Tool) and are_as_declared(arguments, policies.shapes[offer.name]):
        return settled
    try:
        if sorted_arguments(offer, arguments, policies).has_strays:
            return None
        check_exact(arguments)
    except BadArgument as error:
        return Judgement(Reason.BAD_ARGUMENT, detail=str(error))
    return settled


def deliberate(question: Question, policies: Policies, ask: Verdicts) -> Judgement:
    """
    Give what all legs together come to.

    Args:
        question: What is asked; its arguments can be judged.
        policies: The world's, for what agents hold.
        ask: Judges the legs.
    """
    first = verdicts = ask(NO_EVIDENCE)
    if not verdicts:
        return Judgement(Reason.POLICY_ERROR, detail="there is nobody to judge")
    evidence, asked = NO_EVIDENCE, frozenset[str]()
    while refusing := [each for each in verdicts if each.reason is not Reason.ALLOW]:
        helps = [_cures(each, question) - asked for each in refusing]
        if not all(helps):
            return _denied(question, policies, verdicts, asked)
        for kind in frozenset().union(*helps):
            evidence = evidence.with_step_up(kind, question.required)
        asked = asked.union(*helps)
        verdicts = ask(evidence)
    legs = _legs(question, policies, verdicts)
    return _permitted(
        question, legs if not asked else _legs(question, policies, first), legs, asked
    )


def _legs(question: Question, policies: Policies, verdicts: Sequence[Verdict]) -> tuple[Leg, ...]:
    """Give the legs with what each of their permits gives, within what its party itself holds."""
    parties = [(hop.agent, policies.agents[hop.agent].scopes) for hop in question.hops]
    if question.user is not None:
        parties.insert(0, (USER, question.user_scopes))
    return tuple(
        [
            Leg(party, each.reason, each.policies, _granted(each, question.required & held))
            for (party, held), each in zip(parties, verdicts, strict=True)
        ]
    )


def _granted(verdict: Verdict, most: Scopes) -> Scopes:
    if verdict.reason is not Reason.ALLOW:
        return NO_SCOPES
    return most if verdict.given is None else most & verdict.given


def _denied(
    question: Question, policies: Policies, verdicts: Sequence[Verdict], asked: frozenset[str]
) -> Judgement:
    legs = _legs(question, policies, verdicts)
    hopeless = [
        leg
        for leg, each in zip(legs, verdicts, strict=True)
        if each.reason is not Reason.ALLOW and not _cures(each, question) - asked
    ]
    reason = max((leg.reason for leg in hopeless), key=_WORST_LAST.index)
    detail = "; ".join(map(_told, hopeless))
    return Judgement(reason, legs, detail=detail, assumed=tuple(sorted(asked)))


def _told(leg: Leg) -> str:
    refs = ", ".join(map(str, leg.policies))
    return f"{leg.party}: {refs or _UNNAMED[leg.reason]}"


def _permitted(
    question: Question, first: tuple[Leg, ...], legs: tuple[Leg, ...], asked: frozenset[str]
) -> Judgement:
    granted = question.required.intersection(*[leg.granted for leg in legs])
    if granted != question.required:
        detail = f"the permits do not give {format_scopes(question.required - granted)}"
        assumed = tuple(sorted(asked))
        reason = Reason.POLICY_WITHHOLDS_SCOPE
        return Judgement(reason, legs, granted, detail=detail, assumed=assumed)
    try:
        # Only what would be allowed is spoilt by a number that readers differ over.
        check_exact(question.arguments or {})
    except BadArgument as error:
        return Judgement(Reason.BAD_ARGUMENT, detail=str(error))
    if not asked:
        return Judgement(Reason.ALLOW, first, granted)
    challenges = tuple(kind for kind in STEP_UPS if kind in asked)
    return Judgement(_CHALLENGES[challenges[0]], first, granted, challenges)


def sorted_arguments(
    offer: Offer | None, arguments: Mapping[str, JSON] | None, policies: Policies
) -> Arguments:
    """
    Give *arguments* of *offer* as the engine gets them.

    Raises:
        BadArgument: they cannot be judged.
    """
    match offer, arguments:
        case Tool(name=name), Mapping():
            return sort_arguments(arguments, policies.shapes[name])
        case Prompt(), Mapping():
            # A prompt's arguments are texts without a schema: policies read them as texts alone.
            return sort_arguments(arguments, ANY_OBJECT)
    return Arguments()


def _cures(verdict: Verdict, question: Question) -> frozenset[str]:
    """Give the step-ups that lift every determining forbid; none where one cannot be lifted."""
    kinds = verdict.step_ups
    if not kinds:
        return _NO_CURES
    possible = _STEP_UPS if question.user else _WITHOUT_USER
    return possible & kinds if kinds <= possible else _NO_CURES
