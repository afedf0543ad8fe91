"""Step 3: the user, by a bearer token, if the operation wants one."""

from __future__ import annotations

from authz.directory.compiled import Agent, SubjectRule
from authz.model.needs import Need
from authz.model.operation import Message, Session
from authz.model.outcome import Facts, Passed, Refused
from authz.model.principals import Caller, Login, Subject
from authz.model.reasons import Reason
from authz.steps.credential import prove_login
from authz.steps.given import Credential, Given, Route, agent_of
from authz.steps.standing import subject_of


def prove_subject(given: Given, facts: Facts) -> Passed[Credential] | Refused | Need:
    """
    Prove the user's credential.

    A credential that is present must be good whatever the operation wants. At
    `subject: none`, and for a session at a target that does not understand the
    user's issuer, a good one is dropped.
    """
    header = given.call.headers.get("authorization")
    if header is None:
        return take_login(None, given, facts)
    caller, target = facts.of(Caller).hop, facts.of(Route).target
    login = prove_login(header, agent_of(given, facts), given, caller, target)
    return take_login(login, given, facts)


def take_login(
    login: Login | Refused | Need | None, given: Given, facts: Facts
) -> Passed[Credential] | Refused | Need:
    """Say what comes of a proven login, or of none, for the operation that is asked."""
    rule = _subject_rule(facts, agent_of(given, facts))
    if login is None:
        if rule is SubjectRule.REQUIRED:
            return Refused(Reason.CREDENTIAL_MISSING, "there is no authorization header")
        return Passed(Credential(None))
    if not isinstance(login, Login):
        return login
    subject = subject_of(login, given.world.directory)
    dropped = rule is SubjectRule.NONE or _is_stranger_to_session(subject, facts)
    return Passed(Credential(None if dropped else subject))


def _subject_rule(facts: Facts, agent: Agent) -> SubjectRule:
    """Say whether a user is wanted; what is not declared for this agent wants one."""
    operation, target = facts.of(Message).operation, facts.of(Route).target
    if isinstance(operation, Session):
        return SubjectRule.OPTIONAL
    offer = target.offer_for(operation) if target else None
    if target is None or offer is None:
        return SubjectRule.REQUIRED
    connection = agent.connections.get(target.name)
    is_listed = connection is not None and connection.lists(offer)
    return offer.subject if is_listed else SubjectRule.REQUIRED


def _is_stranger_to_session(subject: Subject, facts: Facts) -> bool:
    target = facts.of(Route).target
    session = isinstance(facts.of(Message).operation, Session)
    return session and target is not None and not target.subjects.understands(subject.user)
