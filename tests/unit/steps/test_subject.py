"""`steps.subject`: whose authority an operation is decided with."""

from __future__ import annotations

import pytest

from authz.directory.compiled import Connection
from authz.directory.offers import SubjectRule
from authz.model.instant import Instant
from authz.model.operation import Message, Operation, Protocol, Session, ToolCall
from authz.model.outcome import NO_ANSWERS, Facts, Passed, Refused
from authz.model.principals import Actor, Caller, Hop
from authz.model.reasons import Reason
from authz.model.spiffe import SpiffeId
from authz.server.decision_point import DecisionPoint
from authz.steps.given import Credential, Given, Route
from authz.steps.subject import prove_subject
from authz.wire.check import unread_call
from tests.support.cases import case_named
from tests.support.keys import sign
from tests.support.values import replace

WORKLOAD = SpiffeId.parse("spiffe://example.org/ns/research/sa/research-agent")
CALLER = Caller(WORKLOAD, Hop("research/research-agent", Actor(WORKLOAD.authority, str(WORKLOAD))))

ROWS: dict[str, tuple[str, str, Operation, str | None]] = {
    "a tool that wants a user": ("search-allowed", "tools/docs", ToolCall("search", {}), "alice"),
    "a tool that wants none": ("search-allowed", "tools/docs", ToolCall("status", {}), None),
    "a session": ("search-allowed", "finance/payments", Session("ping"), "alice"),
    "a session that knows no such user": (
        "partner-at-plain-target", "finance/payments", Session("ping"), None,
    ),
    "a session that knows all users": (
        "partner-at-plain-target", "tools/docs", Session("ping"), "frank",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("case", "target", "operation", "user"), ROWS.values(), ids=ROWS)
def test_dropped(
    case: str, target: str, operation: Operation, user: str | None, decision_point: DecisionPoint
) -> None:
    """A good credential is dropped where the operation wants no user, or none of that issuer."""
    told, world = case_named(case), decision_point.world
    call = replace(unread_call("out", decision="d", new_trace="t"), headers=told.joined_headers)
    route = Route(world.directory.targets[target])
    facts = Facts(call, CALLER, route, Message(Protocol.MCP, operation, 1))
    answer = prove_subject(Given(call, world, told.now, NO_ANSWERS), facts)

    assert isinstance(answer, Passed)
    subject = answer.fact.subject
    assert (subject.user.sub if subject else None) == user


@pytest.mark.parametrize("rule", SubjectRule)
def test_task_of_somebody(rule: SubjectRule, decision_point: DecisionPoint) -> None:
    """A tool for nobody starts no task without a user, where tasks are bound to users."""
    told, world = case_named("search-allowed"), decision_point.world
    docs = world.directory.targets["tools/docs"]
    assert docs.tasks is not None
    docs = replace(docs, tasks=replace(docs.tasks, subject=rule))
    route, call = Route(docs), unread_call("out", decision="d", new_trace="t")
    agent = world.directory.agents["research/research-agent"]
    connection = agent.connections[docs.name]
    wider = replace(connection, listed={**connection.listed, "tasks": frozenset({"*"})})
    connected = replace(agent, connections={**agent.connections, docs.name: wider})
    agents = {**world.directory.agents, agent.name: connected}
    wide = replace(world, directory=replace(world.directory, agents=agents))
    message = Message(Protocol.MCP, ToolCall("status", {}, as_task=True), 1)
    answer = prove_subject(
        Given(call, wide, told.now, NO_ANSWERS), Facts(call, CALLER, route, message)
    )
    signed = replace(call, headers=told.joined_headers)
    known = prove_subject(
        Given(signed, wide, told.now, NO_ANSWERS), Facts(signed, CALLER, route, message)
    )

    assert isinstance(known, Passed)
    assert (known.fact.subject is None) is (rule is SubjectRule.NONE)
    if rule is SubjectRule.REQUIRED:
        assert isinstance(answer, Refused)
        assert answer.reason is Reason.CREDENTIAL_MISSING
    else:
        assert isinstance(answer, Passed)


def test_what_is_not_listed_wants_a_user(decision_point: DecisionPoint) -> None:
    """A tool that wants no user says so to nobody but the agents that list it."""
    world, name = decision_point.world, "tools/docs"
    agents, target = world.directory.agents, world.directory.targets[name]
    agent = agents[CALLER.hop.agent]
    narrow = {**agent.connections, name: Connection(name, {"tools": frozenset({"search"})})}
    changed = {**agents, agent.name: replace(agent, connections=narrow)}
    unlisted = replace(world, directory=replace(world.directory, agents=changed))
    call = unread_call("out", decision="d", new_trace="t")
    message = Message(Protocol.MCP, ToolCall("status", {}), 1)
    facts = Facts(call, CALLER, Route(target), message)

    listed, other = (
        prove_subject(Given(call, each, Instant(1), NO_ANSWERS), facts)
        for each in (world, unlisted)
    )

    assert listed == Passed(Credential(None))
    assert isinstance(other, Refused)
    assert other.reason is Reason.CREDENTIAL_MISSING


def test_token_of_nobody(decision_point: DecisionPoint) -> None:
    """A token whose issuer no document declares is a bad credential, not a fault of ours."""
    token = sign(
        "corp-1", {"alg": "ES256", "typ": "at+jwt", "kid": "corp-1"}, b'{"iss":"https://x"}'
    )
    world = decision_point.world
    call = replace(
        unread_call("out", decision="d", new_trace="t"),
        headers={"authorization": f"Bearer {token}"},
    )
    message = Message(Protocol.MCP, Session("ping"), 1)
    facts = Facts(call, CALLER, Route(world.directory.targets["tools/docs"]), message)
    answer = prove_subject(Given(call, world, Instant(1), NO_ANSWERS), facts)

    assert isinstance(answer, Refused)
    assert answer.reason is Reason.CREDENTIAL_INVALID
