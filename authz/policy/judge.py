"""The judgement: every leg is evaluated apart, and all of them must be allowed.

A leg's Allow counts only with reasons and without errors: the engine skips a
policy that errs, so a forbid that errs would otherwise vanish. What would turn
a no into a yes is found by evaluating again as if it were met: only a step-up
that really leads to an allow is offered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from authz.directory.offers import Prompt, Tool
from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES, Scopes, format_scopes
from authz.policy.annotations import STEP_UPS
from authz.policy.arguments import Arguments, BadArgument, check_exact, sort_arguments
from authz.policy.compiled import Policies
from authz.policy.legs import leg_verdicts
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


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """One leg, and what could still help it."""

    leg: Leg
    cures: frozenset[str]

    @property
    def is_allowed(self) -> bool:
        return self.leg.reason is Reason.ALLOW


def judge(question: Question, policies: Policies) -> Judgement:
    """
    Judge a question. Nothing is fetched, and no leg can speak for another.

    Returns:
        `allow` with the scopes that every leg's permits give; one of the
        challenges, with all that would have to be met; or the reason of the no.
    """
    try:
        arguments = sorted_arguments(question, policies)
    except BadArgument as error:
        return Judgement(Reason.BAD_ARGUMENT, detail=str(error))
    return deliberate(question, policies, partial(leg_verdicts, question, arguments, policies))


def deliberate(
    question: Question, policies: Policies, verdicts: Callable[[Evidence], Sequence[Verdict]]
) -> Judgement:
    """
    Give what all legs together come to.

    Args:
        question: What is asked; its arguments can be judged.
        policies: The world's, for what agents hold.
        verdicts: Gives the verdict of every leg, the user's first, as if some evidence were there.
    """
    ask = _asker(question, policies, verdicts)
    first = rows = ask(NO_EVIDENCE)
    if not rows:
        return Judgement(Reason.POLICY_ERROR, detail="there is nobody to judge")
    evidence, asked = NO_EVIDENCE, frozenset[str]()
    while refusing := [row for row in rows if not row.is_allowed]:
        helps = [row.cures - asked for row in refusing]
        if not all(helps):
            hopeless = [row for row, more in zip(refusing, helps, strict=True) if not more]
            return _denied(rows, hopeless, asked)
        for kind in frozenset().union(*helps):
            evidence = evidence.with_step_up(kind, question.required)
        asked = asked.union(*helps)
        rows = ask(evidence)
    return _permitted(question, first, rows, asked)


def _denied(
    rows: Sequence[_Evaluated], hopeless: Sequence[_Evaluated], asked: frozenset[str]
) -> Judgement:
    reason = max((row.leg.reason for row in hopeless), key=_WORST_LAST.index)
    detail = "; ".join(_told(row.leg) for row in hopeless)
    legs = tuple(row.leg for row in rows)
    return Judgement(reason, legs, detail=detail, assumed=tuple(sorted(asked)))


def _told(leg: Leg) -> str:
    refs = ", ".join(map(str, leg.policies))
    return f"{leg.party}: {refs or _UNNAMED[leg.reason]}"


def _permitted(
    question: Question,
    first: Sequence[_Evaluated],
    rows: Sequence[_Evaluated],
    asked: frozenset[str],
) -> Judgement:
    granted = question.required.intersection(*(row.leg.granted for row in rows))
    missing = question.required - granted
    if missing:
        legs = tuple(row.leg for row in rows)
        detail = f"the permits do not give {format_scopes(missing)}"
        assumed = tuple(sorted(asked))
        reason = Reason.POLICY_WITHHOLDS_SCOPE
        return Judgement(reason, legs, granted, detail=detail, assumed=assumed)
    try:
        # Only what would be allowed is spoilt by a number that readers differ over.
        check_exact(question.arguments or {})
    except BadArgument as error:
        return Judgement(Reason.BAD_ARGUMENT, detail=str(error))
    legs = tuple(row.leg for row in first)
    if not asked:
        return Judgement(Reason.ALLOW, legs, granted)
    challenges = tuple(kind for kind in STEP_UPS if kind in asked)
    return Judgement(_CHALLENGES[challenges[0]], legs, granted, challenges)


def sorted_arguments(question: Question, policies: Policies) -> Arguments:
    """
    Give the arguments of *question* as the engine gets them.

    Raises:
        BadArgument: they cannot be judged.
    """
    match question.offer, question.arguments:
        case Tool(name=name), arguments if arguments is not None:
            return sort_arguments(arguments, policies.shapes[name])
        case Prompt(), arguments if arguments is not None:
            # A prompt's arguments are texts without a schema: policies read them as texts alone.
            return sort_arguments(arguments, ANY_OBJECT)
    return Arguments()


def _asker(
    question: Question, policies: Policies, verdicts: Callable[[Evidence], Sequence[Verdict]]
) -> Callable[[Evidence], list[_Evaluated]]:
    """Give what evaluates all legs, as if some evidence were there."""
    parties = [USER] if question.user else []
    parties += [hop.agent for hop in question.hops]

    def ask(evidence: Evidence) -> list[_Evaluated]:
        return [
            _evaluated(party, verdict, question, policies)
            for party, verdict in zip(parties, verdicts(evidence), strict=True)
        ]

    return ask


def _evaluated(party: str, verdict: Verdict, question: Question, policies: Policies) -> _Evaluated:
    is_allowed = verdict.reason is Reason.ALLOW
    granted = _granted(party, verdict, question, policies) if is_allowed else NO_SCOPES
    leg = Leg(party, verdict.reason, verdict.policies, granted)
    return _Evaluated(leg, _cures(verdict, question))


def _granted(party: str, verdict: Verdict, question: Question, policies: Policies) -> Scopes:
    """Give what a leg's permits give together, within what the party itself holds."""
    held = question.user_scopes if party == USER else policies.agents[party].scopes
    granted = question.required & held
    return granted if verdict.given is None else granted & verdict.given


def _cures(verdict: Verdict, question: Question) -> frozenset[str]:
    """Give the step-ups that lift every determining forbid; none where one cannot be lifted."""
    kinds = verdict.step_ups
    if not kinds:
        return _NO_CURES
    possible = _STEP_UPS if question.user else _WITHOUT_USER
    return possible & kinds if kinds <= possible else _NO_CURES
