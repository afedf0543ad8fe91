"""Step 3: the user, by a bearer token, if the operation wants one."""

from __future__ import annotations

import re

from authz.directory.compiled import Agent, SubjectRule
from authz.identity.access_token import (
    Expectations,
    TokenRejected,
    take_apart,
    verify_access_token,
)
from authz.model.operation import Message, Session, ToolCall
from authz.model.outcome import Facts, Passed, Refused
from authz.model.principals import Caller, Hop, Subject
from authz.model.reasons import Reason
from authz.steps.given import Credential, Given, Route, agent_of
from authz.steps.idp_token import read_idp_token
from authz.steps.own_token import read_own_token

OWN_ALGORITHMS = frozenset({"ES256"})

_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/=-]+)")


def prove_subject(given: Given, facts: Facts) -> Passed[Credential] | Refused:
    """
    Prove the user's credential.

    A credential that is present must be good whatever the operation wants. At
    `subject: none`, and for a session at a target that does not understand the
    user's issuer, a good one is dropped.
    """
    agent = agent_of(given, facts)
    rule = _subject_rule(facts, agent)
    header = given.call.headers.get("authorization")
    if header is None:
        if rule is SubjectRule.REQUIRED:
            return Refused(Reason.CREDENTIAL_MISSING, "there is no authorization header")
        return Passed(Credential(None))
    subject = _prove(header, agent, given, facts.of(Caller).hop)
    if isinstance(subject, Refused):
        return subject
    dropped = rule is SubjectRule.NONE or _is_stranger_to_session(subject, facts)
    return Passed(Credential(None if dropped else subject))


def _subject_rule(facts: Facts, agent: Agent) -> SubjectRule:
    """Say whether a user is wanted; what is not declared for this agent wants one."""
    operation, target = facts.of(Message).operation, facts.of(Route).target
    if isinstance(operation, Session):
        return SubjectRule.OPTIONAL
    if target is None or not isinstance(operation, ToolCall):
        return SubjectRule.REQUIRED
    tool, connection = target.tools.get(operation.tool), agent.connections.get(target.name)
    if tool is None or connection is None or not connection.lists(operation.tool):
        return SubjectRule.REQUIRED
    return tool.subject


def _prove(header: str, agent: Agent, given: Given, caller: Hop) -> Subject | Refused:
    bearer = _BEARER.fullmatch(header)
    if bearer is None:
        return Refused(Reason.CREDENTIAL_INVALID, "authorization is no single bearer token")
    try:
        return _read_token(bearer[1], agent, given, caller)
    except TokenRejected as error:
        return Refused(Reason.CREDENTIAL_INVALID, str(error))


def _read_token(compact: str, agent: Agent, given: Given, caller: Hop) -> Subject | Refused:
    world, now = given.world, given.now
    unverified = take_apart(compact)
    gate = world.directory.gate
    if unverified.issuer == gate.issuer_url:
        audiences = {agent.audience} if agent.audience else set()
        expected = Expectations(gate.issuer_url, audiences, OWN_ALGORITHMS)
        claims = verify_access_token(unverified, world.own_keys, expected, now)
        return read_own_token(claims, agent, caller, world.directory)
    issuer = world.directory.issuers_by_url.get(unverified.issuer)
    if issuer is None:
        raise TokenRejected("iss is no declared Issuer")
    expected = Expectations(issuer.url, issuer.audiences, issuer.algorithms)
    claims = verify_access_token(unverified, world.issuer_keys[issuer.name].at(now), expected, now)
    return read_idp_token(claims, issuer, caller, world.directory, now)


def _is_stranger_to_session(subject: Subject, facts: Facts) -> bool:
    target = facts.of(Route).target
    session = isinstance(facts.of(Message).operation, Session)
    return session and target is not None and not target.subjects.understands(subject.user)
