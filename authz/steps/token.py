"""Step 12: describe the token that goes upstream, and what it may say at most."""

from __future__ import annotations

from authz.claims.check import Limits
from authz.claims.describe import TokenClaims
from authz.directory.compiled import QUALIFIED, Target
from authz.model.instant import Instant
from authz.model.outcome import Facts, Passed
from authz.model.principals import Actor, Caller, Subject
from authz.model.scopes import Scopes
from authz.model.strict_json import JSON
from authz.policy.question import Judgement
from authz.steps.ceilings import UserScopes
from authz.steps.given import Asked, Credential, Given, Grant, Link, hops_of


def describe_token(given: Given, facts: Facts) -> Passed[Grant]:
    """
    Describe a token for exactly this operation.

    With a user, `sub` is the user and `act` the proven chain; without one,
    `sub` is the caller itself and nobody acts for anybody.
    """
    gate, target = given.world.directory.gate, facts.of(Link).target
    subject, caller = facts.of(Credential).subject, facts.of(Caller).hop.actor
    ends = _ends(given, subject)
    chain = tuple(hop.actor for hop in hops_of(facts)) if subject else ()
    claims = TokenClaims(
        issuer=gate.issuer_url,
        subject=_written_subject(subject, caller, target),
        audience=target.audience,
        client_id=caller.sub,
        scopes=facts.of(Asked).required & facts.of(Judgement).granted,
        issued=given.now,
        expires=min(ends),
        token_id=given.call.decision,
        actors=chain,
        acr=subject.acr if subject else None,
        auth_time=subject.auth_time if subject else None,
    )
    limits = Limits(
        issuer=gate.issuer_url,
        subject=_written_subject(subject, caller, target),
        audience=target.audience,
        caller=caller,
        chain=chain,
        ceilings=_ceilings(given, facts),
        ends=ends,
        carried=_carried(subject),
    )
    return Passed(Grant(claims, limits))


def _ends(given: Given, subject: Subject | None) -> tuple[Instant, ...]:
    ours = Instant(given.now + given.world.directory.gate.token_lifetime)
    return (ours, subject.expires) if subject else (ours,)


def _written_subject(subject: Subject | None, caller: Actor, target: Target) -> str:
    if subject is None:
        return caller.sub
    return str(subject.user) if target.subjects == QUALIFIED else subject.user.sub


def _ceilings(given: Given, facts: Facts) -> tuple[Scopes, ...]:
    agents = given.world.directory.agents
    user = (facts.of(UserScopes).scopes,) if facts.of(Credential).subject else ()
    return (
        facts.of(Asked).required,
        facts.of(Judgement).granted,
        *user,
        *(agents[hop.agent].scopes for hop in hops_of(facts)),
    )


def _carried(subject: Subject | None) -> tuple[tuple[str, JSON], ...]:
    if subject is None:
        return ()
    said = (("acr", subject.acr), ("auth_time", subject.auth_time))
    return tuple((name, value) for name, value in said if value is not None)
