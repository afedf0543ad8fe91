"""`protocols.mcp`: every method of the table, and what stands beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from authz.model.operation import Era, Message, Protocol, Session, ToolCall, Unknown
from authz.model.outcome import Malformed
from authz.model.reasons import Reason
from authz.protocols.mcp import VERSION_KEY, read_message
from authz.protocols.mcp_methods import METHODS, Rule
from authz.protocols.unreadable import Unreadable

MODERN = {VERSION_KEY: "2026-07-28"}

SESSION_PARAMS: Mapping[str, Mapping[str, Any]] = {
    "initialize": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}},
    "server/discover": {},
    "ping": {},
    "tools/list": {"cursor": "c"},
    "prompts/list": {"cursor": "c"},
    "resources/list": {"cursor": "c"},
    "resources/templates/list": {"cursor": "c"},
    "skills/list": {"cursor": "c"},
    "logging/setLevel": {"level": "info"},
    "notifications/initialized": {},
    "notifications/cancelled": {"requestId": 1, "reason": "r"},
    "notifications/progress": {"progressToken": 1, "progress": 0.5, "total": 1, "message": "m"},
    "notifications/roots/list_changed": {},
}
"""What keeps a session going, each with the members that its `params` may have."""

UNKNOWN_METHODS = (
    "tools/destroy",
    "Tools/call",
    "tools/call ",
    "tools/Call",
    "tools//call",
    "TOOLS/LIST",
    "ping\0",
    "GET",
)


JSON_TYPE = {"content-type": "application/json"}


def read(method: str, params: Any = None, *, request_id: Any = 1, **headers: str) -> Message:
    """Read a POST of *method*; a notification has the id None."""
    message = {"jsonrpc": "2.0", "method": method}
    message |= {} if request_id is None else {"id": request_id}
    message |= {} if params is None else {"params": params}
    named = {name.replace("_", "-"): value for name, value in headers.items()} | JSON_TYPE
    body = json.dumps(message).encode()
    return read_message("POST", named, body, len(body))


def refusal(method: str, params: Any = None, *, request_id: Any = 1) -> tuple[Reason, object]:
    """Give how reading it is refused."""
    with pytest.raises(Unreadable) as unreadable:
        read(method, params, request_id=request_id)
    return unreadable.value.refused.reason, unreadable.value.refused.malformed


def id_of(method: str) -> int | None:
    """Give the id that a message of *method* has to have."""
    return None if method.startswith("notifications/") else 1


def test_the_table_is_the_documented_one() -> None:
    """No method is added to operation `session` without this test."""
    listed = {method for method, row in METHODS.items() if row.rule is Rule.SESSION}

    assert listed == SESSION_PARAMS.keys()


@pytest.mark.parametrize("method", SESSION_PARAMS)
def test_session(method: str) -> None:
    """Each method of the table is operation `session`, with its members and with none."""
    expected = Message(Protocol.MCP, Session(method), id_of(method))

    assert read(method, SESSION_PARAMS[method], request_id=id_of(method)) == expected
    modern = read(method, {"_meta": MODERN}, request_id=id_of(method))
    assert (modern.operation, modern.era) == (expected.operation, Era.MODERN)
    assert read(method, request_id=id_of(method)) == expected
    assert read(method, {"_meta": {"progressToken": 1}}, request_id=id_of(method)) == expected


@pytest.mark.parametrize("method", SESSION_PARAMS)
def test_session_with_an_unknown_member(method: str) -> None:
    """A member of `params` that the method does not know makes it ambiguous."""
    params = {**SESSION_PARAMS[method], "name": "purge"}

    assert refusal(method, params, request_id=id_of(method)) == (
        Reason.AMBIGUOUS_REQUEST,
        Malformed.NOT_ONE_MEANING,
    )


@pytest.mark.parametrize("method", SESSION_PARAMS)
def test_id_where_it_does_not_belong(method: str) -> None:
    """A notification with an id, and a request without one, are no messages."""
    wrong = 1 if id_of(method) is None else None

    assert refusal(method, SESSION_PARAMS[method], request_id=wrong) == (
        Reason.UNREADABLE_REQUEST,
        Malformed.NOT_ONE_MEANING,
    )


@pytest.mark.parametrize("method", UNKNOWN_METHODS)
def test_unknown(method: str) -> None:
    """What the table does not name byte by byte is unknown, with or without an id."""
    params = {"anything": 1}

    assert read(method, params) == Message(Protocol.MCP, Unknown(method), 1)
    assert read(method, request_id=None) == Message(Protocol.MCP, Unknown(method), None)


CALLS: tuple[tuple[dict[str, Any], ToolCall], ...] = (
    ({"name": "t", "arguments": {"a": 1}}, ToolCall("t", {"a": 1})),
    ({"name": "t"}, ToolCall("t", {})),
    ({"name": "", "arguments": {}}, ToolCall("", {})),
    ({"name": "t", "task": {"ttl": 1}}, ToolCall("t", {}, as_task=True)),
    (
        {"name": "ns/t", "arguments": {"name": "x", "_meta": 1}},
        ToolCall("ns/t", {"name": "x", "_meta": 1}),
    ),
)


@pytest.mark.parametrize(("params", "call"), CALLS, ids=str)
def test_tool_call(params: dict[str, Any], call: ToolCall) -> None:
    """A tool call is read with its name and its arguments as they are."""
    assert read("tools/call", params) == Message(Protocol.MCP, call, 1)


BROKEN_CALLS: tuple[tuple[Any, Any, Reason], ...] = (
    ({"name": "t"}, None, Reason.UNREADABLE_REQUEST),
    ({}, 1, Reason.UNREADABLE_REQUEST),
    (None, 1, Reason.UNREADABLE_REQUEST),
    ({"name": 1}, 1, Reason.UNREADABLE_REQUEST),
    ({"name": None}, 1, Reason.UNREADABLE_REQUEST),
    ({"name": ["t"]}, 1, Reason.UNREADABLE_REQUEST),
    ({"name": "t", "arguments": []}, 1, Reason.UNREADABLE_REQUEST),
    ({"name": "t", "arguments": None}, 1, Reason.UNREADABLE_REQUEST),
    ({"name": "t", "arguments": "{}"}, 1, Reason.UNREADABLE_REQUEST),
    ({"name": "t", "extra": 1}, 1, Reason.AMBIGUOUS_REQUEST),
    ({"Name": "t"}, 1, Reason.AMBIGUOUS_REQUEST),
    ({"name": "t", "Arguments": {}}, 1, Reason.AMBIGUOUS_REQUEST),
    ({"name": "t", "task": {}, "_meta": MODERN}, 1, Reason.AMBIGUOUS_REQUEST),
    ({"name": "t", "task": None}, 1, Reason.UNREADABLE_REQUEST),
    ({"name": "t", "task": True}, 1, Reason.UNREADABLE_REQUEST),
    ({"name": "t", "requestState": 1, "_meta": MODERN}, 1, Reason.UNREADABLE_REQUEST),
    ({"name": "t", "inputResponses": [], "_meta": MODERN}, 1, Reason.UNREADABLE_REQUEST),
    ({"name": "t", "inputResponses": {}}, 1, Reason.AMBIGUOUS_REQUEST),
    ({"name": "t", "_meta": []}, 1, Reason.UNREADABLE_REQUEST),
    ({"name": "t", "_meta": None}, 1, Reason.UNREADABLE_REQUEST),
    ({"name": "t", "_meta": {VERSION_KEY: 1}}, 1, Reason.UNREADABLE_REQUEST),
)


@pytest.mark.parametrize(("params", "request_id", "reason"), BROKEN_CALLS, ids=str)
def test_broken_tool_call(params: Any, request_id: Any, reason: Reason) -> None:
    """A tool call without id, name or object of arguments, or with more, is refused."""
    assert refusal("tools/call", params, request_id=request_id) == (
        reason,
        Malformed.NOT_ONE_MEANING,
    )


ERAS: tuple[tuple[dict[str, Any], Era], ...] = (
    ({}, Era.LEGACY),
    ({"_meta": {}}, Era.LEGACY),
    ({"_meta": {"progressToken": 1}}, Era.LEGACY),
    ({"_meta": MODERN}, Era.MODERN),
    ({"_meta": {VERSION_KEY: "2099-01-01"}}, Era.MODERN),
    ({"_meta": {VERSION_KEY.upper(): "2026-07-28"}}, Era.LEGACY),
)


@pytest.mark.parametrize(("params", "era"), ERAS, ids=str)
def test_era(params: dict[str, Any], era: Era) -> None:
    """The body's `_meta` alone says which era a message is of."""
    assert read("ping", params).era is era


@pytest.mark.parametrize("value", ["00-a", "", None, 5, ["x"]], ids=repr)
def test_trace_of_meta(value: Any) -> None:
    """A trace is taken over as text, unread; what is no text is none."""
    found = read("ping", {"_meta": {"traceparent": value}}).traceparent

    assert found == (value if isinstance(value, str) else None)
