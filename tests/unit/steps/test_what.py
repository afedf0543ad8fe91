"""Steps 5 to 8 one by one: each wall where no other stands behind it."""

from __future__ import annotations

import pytest

from authz.directory.compiled import Connection, Directory
from authz.directory.offers import ALL
from authz.model.call import Call
from authz.model.instant import EARLIEST, Instant
from authz.model.operation import Message, Protocol, ToolCall
from authz.model.outcome import NO_ANSWERS, Facts, Passed, Refused
from authz.model.principals import Actor, Authentication, Caller, Hop, Subject, UserId
from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES, ScopePatterns, Scopes
from authz.model.spiffe import SpiffeId
from authz.policy.question import USER
from authz.server.decision_point import DecisionPoint
from authz.steps.ceilings import check_agents, check_user
from authz.steps.connection import check_connection
from authz.steps.given import Asked, Credential, Given, Link, Route
from authz.steps.operation import check_operation
from authz.wire.check import unread_call
from tests.support.values import replace

WORKLOAD = SpiffeId.parse("spiffe://example.org/ns/research/sa/research-agent")
CALLER = Caller(WORKLOAD, Hop("research/research-agent", Actor(WORKLOAD.authority, str(WORKLOAD))))
CALL: Call = unread_call("out", decision="d-1", new_trace="t-1")
READ: Scopes = frozenset({"docs:read"})


@pytest.fixture
def given(decision_point: DecisionPoint) -> Given:
    """A call in the worked world."""
    return Given(CALL, decision_point.world, Instant(1), NO_ANSWERS)


def subject_of(issuer: str) -> Subject:
    """Give a user of *issuer* who holds all that is asked for."""
    return Subject(
        user=UserId(issuer, "alice"),
        groups=frozenset(),
        roles=frozenset(),
        could=ScopePatterns(READ),
        carries=READ,
        authentication=Authentication(),
        inherited=(),
        expires=EARLIEST,
    )


def test_connection_of_one_end(given: Given, directory: Directory) -> None:
    """A target that takes every agent of a namespace is no connection of those agents."""
    target = replace(directory.targets["finance/payments"], callers=frozenset({"research/*"}))
    answer = check_connection(given, Facts(CALL, CALLER, Route(target)))

    assert isinstance(answer, Refused)
    assert answer.reason is Reason.CONNECTION_UNDECLARED


def test_all_tools_are_the_declared_ones(directory: Directory, given: Given) -> None:
    """A connection to all tools of a target lists none that the target does not declare."""
    target = directory.targets["tools/docs"]
    link = Link(target, Connection(target.name, {"tools": frozenset({ALL})}))
    message = Message(Protocol.MCP, ToolCall("undeclared", {}), 1)
    answer = check_operation(given, Facts(link, message))

    assert isinstance(answer, Refused)
    assert answer.reason is Reason.OPERATION_UNDECLARED


def test_user_of_another_issuer_holds_nothing(given: Given, directory: Directory) -> None:
    """Where a target understands plain subjects of one issuer, others' users hold nothing."""
    target = directory.targets["finance/payments"]
    link = Link(target, Connection(target.name, {"tools": frozenset({ALL})}))

    def facts(issuer: str) -> Facts:
        return Facts(CALL, CALLER, Credential(subject_of(issuer)), link, Asked(None, READ))

    stranger, known = check_user(given, facts("partner")), check_user(given, facts("corp"))
    held = [check_agents(given, facts(issuer)) for issuer in ("partner", "corp")]

    assert isinstance(stranger, Refused)
    assert stranger.reason is Reason.USER_LACKS_SCOPE
    assert isinstance(known, Passed)
    assert [row.fact.by_party[USER] for row in held if isinstance(row, Passed)] == [NO_SCOPES, READ]
