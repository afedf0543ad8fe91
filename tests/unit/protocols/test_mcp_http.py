"""`protocols.mcp`: what HTTP says beside the body, methods and mirrored headers (SEP-2243)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from authz.model.operation import Era, Message, Protocol, Session, ToolCall, Unknown
from authz.model.outcome import Malformed
from authz.model.reasons import Reason
from authz.model.strict_json import JSON
from authz.protocols.mcp import VERSION_KEY, agrees_with_mirrors, read_message
from authz.protocols.unreadable import Unreadable

NOW, LATER, BEFORE = "2026-07-28", "2027-01-01", "2025-11-25"


def body_of(method: str, name: str | None = None, version: str | None = None) -> bytes:
    """Write a message with id 5."""
    params: dict[str, Any] = {} if name is None else {"name": name}
    params |= {} if version is None else {"_meta": {VERSION_KEY: version}}
    return json.dumps({"jsonrpc": "2.0", "id": 5, "method": method, "params": params}).encode()


def post(body: bytes, **headers: str) -> Message:
    """Read a POST of *body*, called JSON unless *headers* say otherwise."""
    return read_message("POST", {"content-type": "application/json"} | headers, body, len(body))


def sentinel(text: bytes) -> str:
    """Write *text* as names that no header may hold are written."""
    return f"=?base64?{base64.b64encode(text).decode()}?="


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("headers", [{}, {"content-length": "0"}, {"content-type": "text/plain"}])
def test_session_verbs(method: str, headers: dict[str, str]) -> None:
    """GET and DELETE without a body are operation `session`, whatever type they announce."""
    assert read_message(method, headers, b"", 0) == Message(Protocol.MCP, Session(method), None)


BODIES: tuple[tuple[dict[str, str], bytes, int], ...] = (
    ({}, b"{}", 2),
    ({}, b"{}", 0),
    ({}, b" ", 1),
    ({}, b"", 2),
    ({"content-length": "2"}, b"", 0),
    ({"content-length": "00"}, b"", 0),
    ({"content-length": "0,0"}, b"", 0),
    ({"transfer-encoding": "chunked"}, b"", 0),
    ({"transfer-encoding": ""}, b"", 0),
)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(("headers", "body", "size"), BODIES, ids=str)
def test_session_verb_with_a_body(
    method: str, headers: dict[str, str], body: bytes, size: int
) -> None:
    """GET and DELETE with a body, or with the announcement of one, mean two things."""
    with pytest.raises(Unreadable) as unreadable:
        read_message(method, headers, body, size)

    assert unreadable.value.refused.reason is Reason.AMBIGUOUS_REQUEST


@pytest.mark.parametrize("method", ["PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "get", "Post", ""])
def test_other_verbs(method: str) -> None:
    """No other HTTP method is an operation, and the body is not even looked at."""
    message = read_message(method, {}, b"\xff", 1)

    assert message == Message(Protocol.MCP, Unknown(method), None)


CALL = body_of("tools/call", "search", NOW)
LIST = body_of("tools/list")
ODD = body_of("prompts/destroy")

AGREE: tuple[tuple[bytes, dict[str, str]], ...] = (
    (CALL, {}),
    (CALL, {"mcp-method": "tools/call"}),
    (CALL, {"mcp-name": "search"}),
    (CALL, {"mcp-name": sentinel(b"search")}),
    (CALL, {"mcp-protocol-version": NOW}),
    (CALL, {"mcp-method": "tools/call", "mcp-name": "search", "mcp-protocol-version": NOW}),
    (body_of("tools/call", "käse"), {"mcp-name": sentinel("käse".encode())}),
    (body_of("tools/call", ""), {"mcp-name": ""}),
    (body_of("tools/call", "x", LATER), {"mcp-protocol-version": LATER}),
    (LIST, {"mcp-method": "tools/list"}),
    (LIST, {"mcp-protocol-version": BEFORE}),
    (LIST, {"mcp-protocol-version": "2025-06-18"}),
    (ODD, {"mcp-name": "whatever a prompt is called"}),
)

DISAGREE: tuple[tuple[bytes, dict[str, str]], ...] = (
    (CALL, {"mcp-method": "tools/list"}),
    (CALL, {"mcp-method": ""}),
    (CALL, {"mcp-method": "Tools/Call"}),
    (CALL, {"mcp-method": "tools/call,tools/call"}),
    (CALL, {"mcp-name": "purge"}),
    (CALL, {"mcp-name": ""}),
    (CALL, {"mcp-name": "Search"}),
    (CALL, {"mcp-name": " search"}),
    (CALL, {"mcp-name": "search,search"}),
    (CALL, {"mcp-name": sentinel(b"purge")}),
    (CALL, {"mcp-name": "=?base64?c2VhcmNo"}),
    (CALL, {"mcp-name": "=?BASE64?c2VhcmNo?="}),
    (CALL, {"mcp-name": "=?base64?***?="}),
    (CALL, {"mcp-name": "=?base64?c2VhcmN?="}),
    (CALL, {"mcp-name": "=?base64?c2Vh\ncmNo?="}),
    (CALL, {"mcp-name": sentinel(b"\xff\xfe")}),
    (body_of("tools/call", sentinel(b"search")), {"mcp-name": sentinel(b"search")}),
    (CALL, {"mcp-protocol-version": LATER}),
    (CALL, {"mcp-protocol-version": BEFORE}),
    (CALL, {"mcp-protocol-version": ""}),
    (CALL, {"mcp-protocol-version": f"{NOW},{NOW}"}),
    (body_of("tools/call", "x", BEFORE), {"mcp-protocol-version": NOW}),
    (LIST, {"mcp-protocol-version": NOW}),
    (LIST, {"mcp-protocol-version": LATER}),
    (LIST, {"mcp-protocol-version": f"{BEFORE},{NOW}"}),
    (LIST, {"mcp-protocol-version": "DRAFT"}),
    (LIST, {"mcp-name": "search"}),
    (LIST, {"mcp-name": "=?base64?***?="}),
    (ODD, {"mcp-method": "tools/call"}),
)


@pytest.mark.parametrize(("body", "headers"), AGREE, ids=str)
def test_mirrors_agree(body: bytes, headers: dict[str, str]) -> None:
    """Mirrored headers that are absent, or say what the body says, change nothing."""
    assert post(body, **headers) == post(body)


@pytest.mark.parametrize(("body", "headers"), DISAGREE, ids=str)
def test_mirrors_disagree(body: bytes, headers: dict[str, str]) -> None:
    """A mirrored header that says something else is refused, with the id to answer by."""
    with pytest.raises(Unreadable) as unreadable:
        post(body, **headers)

    refused = unreadable.value.refused
    assert (refused.reason, refused.malformed, refused.request_id) == (
        Reason.AMBIGUOUS_REQUEST,
        Malformed.HEADER_MISMATCH,
        5,
    )


def test_header_alone_makes_no_era() -> None:
    """A header of an older revision beside a modern body is refused, not believed."""
    message = post(LIST, **{"mcp-protocol-version": BEFORE})

    assert message.era is Era.LEGACY


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        'application/json ; charset="UTF-8"',
    ],
)
def test_json_by_its_name(content_type: str) -> None:
    """JSON in UTF-8 is read, however that is spelt."""
    assert post(CALL, **{"content-type": content_type}).operation == ToolCall("search", {})


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x+json",
        "application/json; charset=utf-7",
        "application/json; charset=utf-8; charset=utf-7",
        "application/json; boundary=x",
        "application/json,text/plain",
        "application/json\u212a",
    ],
)
def test_another_content_type(content_type: str) -> None:
    """What another reader could decode otherwise is refused, whatever the bytes are."""
    with pytest.raises(Unreadable) as unreadable:
        post(CALL, **{"content-type": content_type})

    assert unreadable.value.refused.reason is Reason.AMBIGUOUS_REQUEST


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("name", ["mcp-method", "mcp-name", "mcp-param-x", "upgrade"])
def test_session_verb_that_says_more(method: str, name: str) -> None:
    """GET and DELETE mirror no message and lead to no other protocol."""
    with pytest.raises(Unreadable):
        read_message(method, {name: "x"}, b"", 0)


MIRRORED = {"q": ("query",), "page": ("where", "page")}
ARGUMENTS: dict[str, JSON] = {"query": "tides", "where": {"page": 5}, "flag": True}

PARAMS: tuple[tuple[dict[str, str], object], ...] = (
    ({}, True),
    ({"mcp-param-q": "tides"}, True),
    ({"mcp-param-q": sentinel(b"tides")}, True),
    ({"mcp-param-q": "other"}, False),
    ({"mcp-param-q": sentinel(b"other")}, False),
    ({"mcp-param-q": "=?base64?!!?="}, False),
    ({"mcp-param-page": "5"}, True),
    ({"mcp-param-page": "05"}, True),
    ({"mcp-param-page": "6"}, False),
    ({"mcp-param-page": "5.0"}, False),
    ({"mcp-param-query": "tides"}, False),
    ({"mcp-param-": ""}, False),
)


@pytest.mark.parametrize(("headers", "agrees"), PARAMS, ids=str)
def test_params(headers: dict[str, str], agrees: object) -> None:
    """A header that mirrors an argument says what the argument says, or mirrors nothing."""
    assert agrees_with_mirrors(ARGUMENTS, headers, MIRRORED) is agrees


def test_param_below_no_object() -> None:
    """A mirror of a member of something that has no members agrees with nothing."""
    assert not agrees_with_mirrors({"where": "5"}, {"mcp-param-page": "5"}, MIRRORED)


def test_param_of_a_truth_value() -> None:
    """A truth value is mirrored as a word."""
    mirrored = {"flag": ("flag",)}

    assert agrees_with_mirrors(ARGUMENTS, {"mcp-param-flag": "true"}, mirrored)
    assert not agrees_with_mirrors(ARGUMENTS, {"mcp-param-flag": "1"}, mirrored)
