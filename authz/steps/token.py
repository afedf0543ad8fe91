"""Step 12: describe the token that goes upstream, for exactly this operation."""

from __future__ import annotations

from authz.claims.check import Inputs
from authz.claims.describe import TokenClaims
from authz.directory.compiled import Target, TokenMode
from authz.model.call import Call
from authz.model.clearance import Clearance
from authz.model.instant import LATEST, Instant
from authz.model.operation import Message
from authz.model.outcome import Facts, Passed
from authz.model.principals import Actor, Caller, Subject
from authz.policy.question import Judgement
from authz.steps.ceilings import UserScopes
from authz.steps.given import Asked, Credential, Given, Grant, Held, Link, NoToken, Route, hops_of
from authz.steps.policy import NothingAsked
from authz.steps.public import NotPublic
from authz.steps.suspension import NobodySuspended

CLEARED: tuple[type, ...] = (
    Call,
    Route,
    NotPublic,
    Message,
    Caller,
    Credential,
    NobodySuspended,
    Link,
    Asked,
    Held,
    UserScopes,
    Judgement,
    NothingAsked,
)
"""What every step before this one learns: without one of them nothing is let through."""

_CLEARED = frozenset(CLEARED)


def describe_token(given: Given, facts: Facts) -> Passed[Grant] | Passed[NoToken]:
    """
    Describe a token, and hand on what it was decided from for the self-check.

    With a user, `sub` is the user and `act` the proven chain; without one,
    `sub` is the caller itself and nobody acts for anybody. A target that takes
    no token gets none.
    """
    facts.require(_CLEARED)  # A row missing from the table of steps is a fault, never an allow.
    if facts.of(Link).target.token is TokenMode.NONE:
        return Passed(NoToken())
    directory, subject = given.world.directory, facts.of(Credential).subject
    inputs = Inputs(
        decision=given.call.decision,
        gate=directory.gate,
        target=facts.of(Link).target,
        caller=facts.of(Caller).hop,
        subject=subject,
        agents=directory.agents,
        required=facts.of(Asked).required,
        granted=facts.of(Judgement).granted,
        until=_until(facts),
    )
    return Passed(Grant(describe_claims(given, facts), inputs))


def describe_claims(given: Given, facts: Facts) -> TokenClaims:
    """Give the claims of the token, from what the steps learned."""
    gate, target = given.world.directory.gate, facts.of(Link).target
    subject, caller = facts.of(Credential).subject, facts.of(Caller).hop.actor
    return TokenClaims(
        issuer=gate.issuer_url,
        subject=_written_subject(subject, caller, target),
        audience=target.audience,
        client_id=caller.sub,
        scopes=facts.of(Asked).required & facts.of(Judgement).granted,
        issued=given.now,
        expires=min(_lifetime(given), _until(facts)),
        token_id=given.call.decision,
        actors=tuple(hop.actor for hop in hops_of(facts)) if subject else (),
        acr=subject.acr if subject else None,
        auth_time=subject.auth_time if subject else None,
    )


def _lifetime(given: Given) -> Instant:
    return Instant(given.now + given.world.directory.gate.token_lifetime)


def _until(facts: Facts) -> Instant:
    """Give when the first proof is over; off line, where proofs are stated, the user's alone is."""
    clearance, subject = facts.find(Clearance), facts.of(Credential).subject
    proofs = clearance.until if clearance else LATEST
    return min(proofs, subject.expires) if subject else proofs


def _written_subject(subject: Subject | None, caller: Actor, target: Target) -> str:
    if subject is None:
        return caller.sub
    return target.subjects.write(subject.user)
