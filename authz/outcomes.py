"""How a decision ends: the headers of an allow, the answer of a refusal."""

from __future__ import annotations

from hashlib import sha256

from authz.claims.check import TokenTooWide
from authz.directory.compiled import RefusalStyle, Target, TargetKind
from authz.model.call import Call
from authz.model.clearance import derived
from authz.model.headers import AUTHORIZATION
from authz.model.needs import Challenged, ChallengeNeeded, Need
from authz.model.operation import Message
from authz.model.outcome import Allowed, Facts, Named, Refused, TurnedAway
from authz.model.principals import Caller, Identity, Subject
from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES
from authz.refusals.metadata import has_metadata
from authz.refusals.render import Refusal, render
from authz.refusals.table import CURED_BY_LOGIN
from authz.steps.given import Credential, Given, Grant, NoToken, Route
from authz.wire.headers import identity_headers

LAST_STEP = 12
NO_STEP = 0


def allow(facts: Facts) -> Allowed | Named:
    """Let the call go on with the proven identities in its headers, and what step 12 gave it."""
    headers = derived(facts, _who)
    if facts.find(NoToken) is not None:
        return Named(facts, LAST_STEP, headers)
    facts.of(Grant)  # Without either, step 12 did not speak: a fault, never an allow.
    return Allowed(facts, LAST_STEP, headers)


def _who(facts: Facts) -> tuple[tuple[str, str], ...]:
    caller, subject = facts.of(Caller), facts.of(Credential).subject
    return identity_headers(
        workload=str(caller.workload) if caller.workload else None,
        agent=caller.hop.agent,
        user=str(subject.user) if subject else None,
    )


def refuse(given: Given, facts: Facts, refused: Refused, step: int) -> TurnedAway | Need:
    """
    Refuse the call: the record gets the detail, the caller gets the table's sentence.

    A challenge is a command to bother the user, so where one is due it has to be
    known first whether the same was asked before, and another login did not cure it.
    """
    need = _challenge_of(given, facts, refused)
    if need is not None and need not in given.answers:
        return need
    may_challenge = need is not None and given.answers[need] == Challenged(before=False)
    return _turn_away(given, facts, refused, step, may_challenge=may_challenge)


def _challenge_of(given: Given, facts: Facts, refused: Refused) -> ChallengeNeeded | None:
    """Give what has to be known before a challenge; None where none is due."""
    if refused.reason not in CURED_BY_LOGIN or _style(given, facts) is not RefusalStyle.OAUTH:
        return None
    match facts.find(Caller), facts.find(Credential), facts.find(Route):
        case Caller(hop=hop), Credential(subject=Subject(user=user)), Route(
            target=Target(name=name)
        ):
            header = given.call.headers.get(AUTHORIZATION, "")
            return ChallengeNeeded(
                user=str(user),
                agent=hop.agent,
                target=name,
                reason=refused.reason,
                scopes=refused.required,
                credential=sha256(header.encode("utf-8")).hexdigest(),
            )
    return None


def too_wide(given: Given, allowed: Allowed, error: TokenTooWide) -> TurnedAway:
    """Turn an allow whose signed token failed its self-check into a refusal."""
    refused = Refused(Reason.TOKEN_TOO_WIDE, str(error))
    return _turn_away(given, allowed.facts, refused, LAST_STEP)


def _turn_away(
    given: Given, facts: Facts, refused: Refused, step: int, *, may_challenge: bool = False
) -> TurnedAway:
    target, message = _target_of(facts), facts.find(Message)
    offer = target.offer_for(message.operation) if target and message else None
    refusal = Refusal(
        refused=refused,
        decision=given.call.decision,
        message=message,
        audience=_resource_of(target),
        style=_style(given, facts),
        may_challenge=may_challenge,
        kind=target.kind if target else None,
        workload=_workload_of(facts),
        wanted=offer.scopes if offer else NO_SCOPES,
    )
    return TurnedAway(facts, step, refused.reason, refused.detail, render(refusal))


def _target_of(facts: Facts) -> Target | None:
    route = facts.find(Route)
    return route.target if route else None


def _resource_of(target: Target | None) -> str | None:
    """Give what a challenge names; nothing where no user can log in for it."""
    if target is None or (target.kind is TargetKind.HTTP_SERVICE and not has_metadata(target)):
        return None
    return target.identifier


def _workload_of(facts: Facts) -> str:
    """Give the SPIFFE ID that is proven, be it a declared agent's or not; empty where none is."""
    proven = facts.find(Caller) or facts.find(Identity)
    return str(proven.workload) if proven and proven.workload else ""


def fault(known: Facts, detail: str) -> TurnedAway:
    """Refuse because something of ours failed; the record keeps what was known by then."""
    return _unavailable(known, Refused(Reason.FAULT, detail))


def overloaded(known: Facts) -> TurnedAway:
    """Refuse because there is too much to do; nothing was read of the call."""
    return _unavailable(known, Refused(Reason.OVERLOADED, "too many Checks at once"))


def _unavailable(known: Facts, refused: Refused) -> TurnedAway:
    target = _target_of(known)
    refusal = Refusal(
        refused,
        known.of(Call).decision,
        message=known.find(Message),
        audience=None,
        kind=target.kind if target else None,
    )
    return TurnedAway(known, NO_STEP, refused.reason, refused.detail, render(refusal))


def _style(given: Given, facts: Facts) -> RefusalStyle:
    """
    Choose how a refusal is written: the agent's choice unless it is auto, else the target's.

    `json` is the choice of a target, and wins.
    """
    caller, target = facts.find(Caller), _target_of(facts)
    if target is not None and target.refusals is RefusalStyle.JSON:
        return RefusalStyle.JSON
    agent = given.world.directory.agents[caller.hop.agent] if caller else None
    if agent is not None and agent.refusals is not RefusalStyle.AUTO:
        return agent.refusals
    return target.refusals if target else RefusalStyle.AUTO
