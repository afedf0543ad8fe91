"""Step 3: the user, by a bearer token, if the operation wants one."""

from __future__ import annotations

from msgspec.structs import replace

from authz.directory.compiled import Agent, Target, TargetKind
from authz.directory.listening import Direction
from authz.directory.offers import Offer, SubjectRule
from authz.identity.client import speaks_for_itself
from authz.model.headers import AUTHORIZATION
from authz.model.needs import Need
from authz.model.operation import Message, Operation, Session, ToolCall
from authz.model.outcome import Facts, Passed, Refused
from authz.model.principals import Caller, Login, Proof, Subject
from authz.model.reasons import Reason
from authz.steps.credential import prove_bearer, read_login
from authz.steps.given import (
    Bearer,
    Credential,
    Given,
    Route,
    agent_of,
    caller_of,
    direction_of,
)
from authz.steps.own_token import Recipient
from authz.steps.standing import subject_of


def prove_subject(given: Given, facts: Facts) -> Passed[Credential] | Refused | Need:
    """
    Prove the user's credential.

    A credential that is present must be good whatever the operation wants. At
    `subject: none`, and for a session at a target that does not understand the
    user's issuer, a good one is dropped. One that a client was given for itself
    has proven the client already, and names no user.
    """
    recipient = _recipient(given, facts)
    bearer = facts.find(Bearer) or _prove_bearer(given, facts, recipient)
    if not isinstance(bearer, Bearer):
        return take_login(bearer, given, facts)
    caller, login = facts.find(Caller), None
    if not _is_its_own(bearer, caller):
        login = read_login(bearer, caller_of(facts), recipient, given)
    taken = take_login(login, given, facts)
    # Dropped or not, a credential that is present has to be good.
    return replace(taken, until=bearer.until) if isinstance(taken, Passed) else taken


def _is_its_own(bearer: Bearer, caller: Caller | None) -> bool:
    """Say whether a client proved itself by this very token, which it was given for itself."""
    if caller is None or caller.proof is not Proof.CLIENT:
        return False
    login = bearer.issuer.claims.login if bearer.issuer else None
    return speaks_for_itself(bearer.claims, caller.hop, login)


def _prove_bearer(
    given: Given, facts: Facts, recipient: Recipient | None
) -> Bearer | Refused | Need | None:
    header = given.call.headers.get(AUTHORIZATION)
    if header is None:
        return None
    caller = facts.find(Caller)
    return prove_bearer(
        header,
        given,
        facts.of(Route).target,
        ours=recipient.audience if recipient else None,
        certificate=caller.thumbprint if caller else None,
    )


def _recipient(given: Given, facts: Facts) -> Recipient | None:
    """Say whom a token of ours has to be for."""
    if direction_of(given) is Direction.IN:
        return facts.of(Route).target
    return agent_of(given, facts)


def take_login(
    login: Login | Refused | Need | None, given: Given, facts: Facts
) -> Passed[Credential] | Refused | Need:
    """Say what comes of a proven login, or of none, for the operation that is asked."""
    rule = _subject_rule(facts, agent_of(given, facts))
    if login is None:
        if rule is SubjectRule.REQUIRED:
            return Refused(Reason.CREDENTIAL_MISSING, "there is no credential of a user")
        return Passed(Credential(None))
    if not isinstance(login, Login):
        return login
    subject = subject_of(login, given.world.directory)
    dropped = rule is SubjectRule.NONE or _is_stranger_to_session(subject, facts)
    return Passed(Credential(None if dropped else subject))


def _subject_rule(facts: Facts, agent: Agent | None) -> SubjectRule:
    """
    Say whether a user is wanted: of several rules the strictest counts, and what is
    not declared for this agent wants one.

    Where no agent asks there is nobody but the user. A service that takes no users
    wants none: there a 401 would tell what is not declared from what is forbidden,
    and no login would help.
    """
    if agent is None:
        return SubjectRule.REQUIRED
    operation, target = facts.of(Message).operation, facts.of(Route).target
    if isinstance(operation, Session):
        return SubjectRule.OPTIONAL
    if target is None:
        return SubjectRule.REQUIRED
    if _takes_no_users(target):
        return SubjectRule.NONE
    connection = agent.connections.get(target.name)
    rules = {
        offer.subject if offer and connection and connection.lists(offer) else SubjectRule.REQUIRED
        for offer in _offers_asked(operation, target)
    }
    return next(rule for rule in SubjectRule if rule in rules)


def _offers_asked(operation: Operation, target: Target) -> tuple[Offer | None, ...]:
    """Give all that has to be declared and listed: a tool as a task is a task as well."""
    offer = target.offer_for(operation)
    as_task = isinstance(operation, ToolCall) and operation.as_task
    return (offer, target.tasks) if as_task else (offer,)


def _takes_no_users(target: Target) -> bool:
    return target.kind is TargetKind.HTTP_SERVICE and not target.routes.take_users


def _is_stranger_to_session(subject: Subject, facts: Facts) -> bool:
    target = facts.of(Route).target
    session = isinstance(facts.of(Message).operation, Session)
    return session and target is not None and not target.subjects.understands(subject.user)
