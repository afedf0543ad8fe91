"""`audit.describe`: what a record says of arguments and traces, and what it never holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from authz.audit.arguments import MAX_ARGUMENTS
from authz.audit.describe import describe, trace_of
from authz.directory.compiled import RefusalStyle, Target, TargetKind
from authz.directory.offers import SubjectRule, Tool
from authz.model.call import Call
from authz.model.instant import Instant
from authz.model.masking import MAX_TEXT
from authz.model.operation import (
    Message,
    Operation,
    PromptUse,
    Protocol,
    ResourceUse,
    Session,
    TaskUse,
    ToolCall,
    Unknown,
)
from authz.model.outcome import Answer, Facts, TurnedAway
from authz.model.principals import SubjectForm
from authz.model.reasons import Reason
from authz.model.resource_uri import MAX_URI
from authz.model.scopes import NO_SCOPES
from authz.server.decision_point import DecisionPoint
from authz.steps.given import Route
from tests.support.cases import Case, all_cases, case_named
from tests.support.direct import decide_case
from tests.support.values import replace

CALL = Call(
    decision="d",
    new_trace="0" * 31 + "1",
    listener="out",
    principal="",
    peer_address="",
    target="tools/docs",
    method="POST",
    path="/mcp",
    host="docs",
    headers={},
    body=b"",
    is_lossy=False,
    size=0,
    stream="1",
    time=None,
)
OPENED = frozenset({"/query", "/where/path", "/tags/1", "/limit", "/price", "/a~1b"})
CASES = all_cases()


def target_with(record: frozenset[str]) -> Target:
    """Make a target whose tool `search` opens these arguments."""
    tool = Tool(
        name="tools/docs/search",
        action="read",
        scopes=NO_SCOPES,
        read_only=True,
        destructive=False,
        open_world=False,
        sensitivity=1,
        subject=SubjectRule.REQUIRED,
        approval=False,
        untyped_ok=False,
        input_schema={},
        mirrored={},
        record=record,
    )
    return Target(
        name="tools/docs",
        kind=TargetKind.MCP_SERVER,
        hosts=frozenset(),
        path="/mcp",
        audience="",
        callers=frozenset(),
        subjects=SubjectForm("corp"),
        refusals=RefusalStyle.AUTO,
        session_scopes=NO_SCOPES,
        tools={"search": tool},
    )


def turned_away(reason: Reason, step: int, facts: Facts) -> TurnedAway:
    """Make a refusal."""
    return TurnedAway(facts, step, reason, "", Answer(403, (), b""))


def record_of(operation: Operation, call: Call = CALL) -> dict[str, Any]:
    """Describe a refusal of *operation*, as JSON would have it."""
    message = Message(Protocol.MCP, operation, 1)
    facts = Facts(call, message, Route(target_with(OPENED)))
    record = describe(turned_away(Reason.NO_PERMIT, 9, facts), Instant(0), "w", {"read": 1})
    loaded: dict[str, Any] = json.loads(record.line)
    return loaded


def arguments_of(arguments: Mapping[str, Any], tool: str = "search") -> dict[str, Any]:
    """Give the recorded arguments of a call."""
    found: dict[str, Any] = record_of(ToolCall(tool, arguments))["operation"]["arguments"]
    return found


ARGUMENTS: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({}, {}),
    ({"secret": "s"}, {"/secret": {"type": "string"}}),
    ({"query": "tides"}, {"/query": {"type": "string", "value": "tides"}}),
    ({"Query": "tides"}, {"/Query": {"type": "string"}}),
    ({"limit": 5}, {"/limit": {"type": "integer", "value": 5}}),
    ({"limit": None}, {"/limit": {"type": "null", "value": None}}),
    ({"limit": True}, {"/limit": {"type": "boolean", "value": True}}),
    ({"price": Decimal("1.10")}, {"/price": {"type": "number", "value": "1.10"}}),
    ({"query": {"deep": "s"}}, {"/query/deep": {"type": "string"}}),
    ({"query": ["s"]}, {"/query": {"type": "array"}, "/query/0": {"type": "string"}}),
    ({"query": []}, {"/query": {"type": "array", "value": []}}),
    ({"query": {}}, {"/query": {"type": "object", "value": {}}}),
    (
        {"where": {"path": "p", "x": "s"}},
        {"/where/path": {"type": "string", "value": "p"}, "/where/x": {"type": "string"}},
    ),
    (
        {"tags": ["s", "t"]},
        {
            "/tags": {"type": "array"},
            "/tags/0": {"type": "string"},
            "/tags/1": {"type": "string", "value": "t"},
        },
    ),
    ({"a/b": "v"}, {"/a~1b": {"type": "string", "value": "v"}}),
    ({"a": {"b": "s"}}, {"/a/b": {"type": "string"}}),
    ({"a~1b": "s"}, {"/a~01b": {"type": "string"}}),
    ({"empty": [], "other": {}}, {"/empty": {"type": "array"}, "/other": {"type": "object"}}),
)


@pytest.mark.parametrize(("arguments", "recorded"), ARGUMENTS, ids=str)
def test_arguments(arguments: dict[str, Any], recorded: dict[str, Any]) -> None:
    """Every argument is recorded by place and type; its value only where the tool opens it."""
    assert arguments_of(arguments) == recorded


def test_undeclared_tool_opens_nothing() -> None:
    """The values of a tool that is not declared are masked, whatever they are called."""
    assert arguments_of({"query": "tides"}, tool="nope") == {"/query": {"type": "string"}}


def test_long_texts_are_cut() -> None:
    """Names, values and places that a caller wrote are cut to one length."""
    long = "x" * 5000
    record = record_of(ToolCall(long, {"query": long, long: 1}))
    opened = record_of(ToolCall("search", {"query": long}))["operation"]["arguments"]["/query"]

    assert record["operation"]["tool"] == "x" * MAX_TEXT
    assert max(map(len, record["operation"]["arguments"])) == MAX_TEXT
    assert opened["value"] == "x" * MAX_TEXT
    assert record_of(Unknown(long))["operation"]["method"] == "x" * MAX_TEXT
    nowhere = Facts(replace(CALL, target=long), Route(None))
    refused = describe(turned_away(Reason.TARGET_UNKNOWN, 5, nowhere), Instant(0), "w", {})
    assert refused["target"] == "x" * MAX_TEXT


def test_many_arguments_are_bounded() -> None:
    """Beyond a bound arguments are not listed, and the record says that there are more."""
    within = {f"a{n}": n for n in range(MAX_ARGUMENTS)}

    assert len(arguments_of(within)) == MAX_ARGUMENTS
    assert arguments_of({**within, "b": 1, "c": 2})["…"] == "more"


def test_lists_say_that_they_are_whole() -> None:
    """A list that passes is not filtered, and its record says so."""
    assert record_of(Session("tools/list"))["operation"]["list"] == "unfiltered"
    assert "list" not in record_of(Session("ping"))["operation"]


def test_headers_that_policies_may_read() -> None:
    """Which of them came is recorded; not what they said, and no other header."""
    call = replace(CALL, headers={"x-source": "s3cret", "x-other": "s3cret"})
    facts = Facts(call)
    refused = turned_away(Reason.WORKLOAD_UNIDENTIFIED, 2, facts)

    record = describe(refused, Instant(0), "w", {}, frozenset({"x-source", "x-absent"}))

    assert record["headers"] == ["x-source"]
    assert "s3cret" not in record.line.decode()


RIGHTS: dict[str, tuple[list[str] | None, dict[str, list[str]], dict[str, str]]] = {
    "not-json": (None, {}, {}),
    "user-not-now": (["docs:write"], {"research/research-agent": ["docs:write"], "user": []}, {}),
    "search-allowed": (
        ["docs:read"],
        {
            "research/research-agent": ["docs:read"],
            "user": ["docs:read"],
            "policy": ["docs:read"],
        },
        {"research/research-agent": "allow", "user": "allow"},
    ),
}


@pytest.mark.parametrize("name", RIGHTS)
def test_rights(name: str, decision_point: DecisionPoint) -> None:
    """A record says what was required, who had what of it, and how each leg was judged."""
    record = decide_case(case_named(name), decision_point).record

    assert (record["required"], record["legs"], record["judged"]) == RIGHTS[name]


def test_what_was_released(decision_point: DecisionPoint) -> None:
    """An allow is recorded with its token's claims, a refusal with the status it was told by."""
    allowed, refused = (
        decide_case(case_named(name), decision_point).record
        for name in ("search-allowed", "expired")
    )

    assert allowed["token"].keys() == {"jti", "sub", "aud", "scope", "exp"}
    assert allowed["status"] is None
    assert (refused["token"], refused["status"]) == (None, 401)


TRACE = [f"00-{letter * 32}-{'1' * 16}-01" for letter in "abc"]


@pytest.mark.parametrize(
    ("check", "header", "meta", "trace"),
    [
        (TRACE[0], TRACE[1], TRACE[2], "a" * 32),
        (None, TRACE[1], TRACE[2], "b" * 32),
        (None, None, TRACE[2], "c" * 32),
        (None, None, None, CALL.new_trace),
        ("odd", TRACE[1], None, "b" * 32),
        ("odd", "odd", TRACE[2], "c" * 32),
        ("odd", "odd", "odd", CALL.new_trace),
    ],
)
def test_trace(check: str | None, header: str | None, meta: str | None, trace: str) -> None:
    """The first valid trace counts: the Check's own, the request's, MCP's, else a new one."""
    headers = {} if header is None else {"traceparent": header}
    call = replace(CALL, check_traceparent=check, headers=headers)
    message = Message(Protocol.MCP, Session("ping"), 1, traceparent=meta)

    assert trace_of(Facts(call, message)) == trace


def test_unread_message_is_recorded() -> None:
    """A call that step 1 refused has a record, with nothing in it that was not read."""
    record = describe(turned_away(Reason.UNREADABLE_REQUEST, 1, Facts(CALL)), Instant(0), "w", {})

    assert (record["operation"], record["agent"], record["user"]) == (None, None, None)
    assert (record["verdict"], record["reason"], record["step"]) == (
        "deny",
        "unreadable_request",
        1,
    )
    assert record["time"] == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_token_inside(case: Case, decision_point: DecisionPoint) -> None:
    """No record holds any part of the credential that came, or of the token that was minted."""
    decided = decide_case(case, decision_point)
    text = json.dumps(decided.record)
    presented = dict(case.headers).get("authorization", "")
    minted = decided.upstream.get("authorization", "")

    for token in (presented, minted):
        for part in token.removeprefix("Bearer ").split("."):
            assert len(part) < 20 or part not in text


def test_masked_values_stay_out(decision_point: DecisionPoint) -> None:
    """A value that no tool opens is nowhere in the record, whatever becomes of the call."""
    (case,) = (case for case in CASES if case.name == "search-allowed")
    marker = "s3cret-value"
    for arguments in ({"query": "q", "note": marker}, {"query": ["x", marker]}, {"limit": marker}):
        params = {"name": "search", "arguments": arguments}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})

        record = decide_case(replace(case, body=body.encode()), decision_point).record

        assert record["verdict"] == "deny"
        assert marker not in json.dumps(record)


KINDS: tuple[tuple[Operation, dict[str, Any]], ...] = (
    (
        PromptUse("p", {"topic": "hush"}),
        {"kind": "prompt", "prompt": "p", "arguments": {"/topic": {"type": "string"}}},
    ),
    (ResourceUse("docs://h"), {"kind": "resource", "resource": "docs://h"}),
    (TaskUse("tasks/cancel", writes=True), {"kind": "task", "writes": True}),
    (
        ToolCall("t", {}, as_task=True),
        {"kind": "tool_call", "tool": "t", "arguments": {}, "task": True},
    ),
    (Session("answer"), {"kind": "session"}),
)


@pytest.mark.parametrize(("operation", "told"), KINDS, ids=str)
def test_kinds(operation: Operation, told: dict[str, Any]) -> None:
    """Each kind says what was asked for; of a prompt's arguments no value, of a task no id."""
    said = record_of(operation)["operation"]

    assert said == {"protocol": "mcp", "era": "legacy", "method": operation.method, **told}


def test_uris_are_cut() -> None:
    """A URI is kept as long as one that counts may be, and no longer."""
    said = record_of(ResourceUse("docs://" + "x" * 5000))["operation"]["resource"]

    assert len(said) == MAX_URI
