"""Step 6: what is declared and listed, of each kind, and what a task needs beside its tool."""

from __future__ import annotations

import pytest

from authz.directory.compiled import Connection, Directory
from authz.directory.offers import Offer, Tasks
from authz.model.instant import Instant
from authz.model.operation import (
    Message,
    Operation,
    PromptUse,
    Protocol,
    ResourceUse,
    TaskUse,
    ToolCall,
    Unknown,
)
from authz.model.outcome import NO_ANSWERS, Facts, Passed, Refused
from authz.model.reasons import Reason
from authz.server.decision_point import DecisionPoint
from authz.steps.given import Asked, Given, Link
from authz.steps.operation import check_operation
from authz.wire.check import unread_call
from tests.support.values import replace

CALL = unread_call("out", decision="d-1", new_trace="t-1")
TASK = ToolCall("search", {}, as_task=True)


@pytest.fixture
def given(decision_point: DecisionPoint) -> Given:
    """A call in the worked world."""
    return Given(CALL, decision_point.world, Instant(1), NO_ANSWERS)


def check(
    given: Given, operation: Operation, listed: dict[str, set[str]], tasks: Tasks | None = None
) -> Asked | Refused:
    """Take step 6 at tools/docs, with what a connection lists."""
    directory: Directory = given.world.directory
    target = directory.targets["tools/docs"]
    target = replace(target, tasks=tasks) if tasks else target
    names = {member: frozenset(each) for member, each in listed.items()}
    link, message = (
        Link(target, Connection(target.name, names)),
        Message(Protocol.MCP, operation, 1),
    )
    answer = check_operation(given, Facts(CALL, link, message))
    return answer.fact if isinstance(answer, Passed) else answer


USES = (
    (PromptUse("summarise", {}), "prompts", "summarise"),
    (ResourceUse("docs://pages/tides"), "resources", "page"),
    (TaskUse("tasks/get"), "tasks", "*"),
)


@pytest.mark.parametrize(("operation", "member", "name"), USES, ids=str)
def test_listed(given: Given, operation: Operation, member: str, name: str) -> None:
    """Each kind passes by its own list only, and needs what is declared."""
    others = {each: {"*", name} for each in ("tools", "prompts", "resources", "tasks")} | {
        member: {"else"}
    }
    refused, passed = check(given, operation, others), check(given, operation, {member: {name}})

    assert isinstance(refused, Refused)
    assert refused.reason is Reason.OPERATION_UNDECLARED
    assert isinstance(passed, Asked)
    assert passed.required == {"docs:read"}
    offer: Offer | None = passed.offer
    assert offer is not None
    assert offer.own_name == name


def test_task_needs_both(given: Given) -> None:
    """A tool runs as a task where tool and tasks are listed; it needs the scopes of both."""
    tasks = given.world.directory.targets["tools/docs"].tasks
    assert tasks is not None
    costly = replace(tasks, scopes=frozenset({"docs:task"}))
    both = {"tools": {"search"}, "tasks": {"*"}}
    passed = check(given, TASK, both, costly)

    assert isinstance(passed, Asked)
    assert passed.required == {"docs:read", "docs:task"}
    for listed in ({"tools": {"search"}}, {"tasks": {"*"}}):
        refused = check(given, TASK, listed)
        assert isinstance(refused, Refused)
        assert refused.reason is Reason.OPERATION_UNDECLARED


def test_unknown_says_why(given: Given) -> None:
    """What a table names and no rule lets pass is told with the reason."""
    plain, why = (check(given, Unknown("m", each), {}) for each in ("", "servers send it"))

    assert isinstance(plain, Refused)
    assert isinstance(why, Refused)
    assert plain.detail == "no rule knows the method 'm'"
    assert why.detail == "no rule knows the method 'm': servers send it"
