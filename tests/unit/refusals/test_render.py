"""`refusals.render`: the answer by reason, request, era and style."""

from __future__ import annotations

import json
from typing import Any

import pytest

from authz.directory.compiled import RefusalStyle
from authz.model.operation import Era, Message, Protocol, Session, ToolCall, Unknown
from authz.model.outcome import Answer, Malformed, Refused
from authz.model.reasons import Reason
from authz.refusals.render import Refusal, render
from authz.refusals.table import CURED_BY_LOGIN, DENIED_SENTENCE, ROWS, Family

AUDIENCE = "https://docs.example/mcp"
METADATA = "https://docs.example/.well-known/oauth-protected-resource/mcp"
DECISION = "0123456789abcdef0123456789abcdef"
DETAIL = "detail-for-people"
REQUIRED = frozenset({"docs:write", "docs:read"})

TOOL = Message(Protocol.MCP, ToolCall("t", {}), 7)
REQUESTS: dict[str, Message] = {
    "tool call": TOOL,
    "tool call, modern": Message(Protocol.MCP, ToolCall("t", {}), 7, Era.MODERN),
    "session": Message(Protocol.MCP, Session("tools/list"), 7),
    "unknown method": Message(Protocol.MCP, Unknown("prompts/get"), 7),
    "notification": Message(Protocol.MCP, Unknown("notifications/odd"), None),
    "GET": Message(Protocol.MCP, Session("GET"), None),
    "plain HTTP": Message(Protocol.HTTP, Unknown("POST"), 7),
}

SHAPES: dict[str, dict[RefusalStyle, str]] = {
    "tool call": {
        RefusalStyle.AUTO: "result",
        RefusalStyle.HTTP: "status",
        RefusalStyle.OAUTH: "status",
    },
    "tool call, modern": {
        RefusalStyle.AUTO: "complete result",
        RefusalStyle.HTTP: "status",
        RefusalStyle.OAUTH: "status",
    },
    "session": {
        RefusalStyle.AUTO: "error in 200",
        RefusalStyle.HTTP: "status",
        RefusalStyle.OAUTH: "status",
    },
    "unknown method": {
        RefusalStyle.AUTO: "error in 200",
        RefusalStyle.HTTP: "status",
        RefusalStyle.OAUTH: "status",
    },
    "notification": dict.fromkeys(RefusalStyle, "nothing"),
    "GET": dict.fromkeys(RefusalStyle, "nothing"),
    "plain HTTP": dict.fromkeys(RefusalStyle, "problem"),
}
"""How a no to an identified agent looks, by request and style."""

STYLES = [style for style in RefusalStyle if style is not RefusalStyle.JSON]
"""All but the one whose bodies are told in `test_small.py`."""

DENIALS = [reason for reason, row in ROWS.items() if row.family is Family.DENIED]
LOOK_THE_SAME = [
    Reason.OPERATION_UNDECLARED,
    Reason.TOOL_QUARANTINED,
    Reason.AGENT_LACKS_SCOPE,
    Reason.USER_LACKS_SCOPE,
    Reason.FORBIDDEN,
    Reason.NO_PERMIT,
    Reason.POLICY_WITHHOLDS_SCOPE,
]
UNPROVEN = [reason for reason, row in ROWS.items() if row.family is Family.UNPROVEN]


def refused(reason: Reason, **other: Any) -> Refused:
    """Make a refusal of a step, with a detail that must not get out."""
    return Refused(reason, DETAIL, **other)


def answer(
    reason: Reason,
    message: Message | None = TOOL,
    style: RefusalStyle = RefusalStyle.AUTO,
    audience: str | None = AUDIENCE,
) -> Answer:
    """Render a refusal whose operation requires two scopes, the first of its kind."""
    first = style is RefusalStyle.OAUTH
    row = refused(reason, required=REQUIRED)
    return render(Refusal(row, DECISION, message, audience, style, may_challenge=first))


def headers_of(found: Answer) -> dict[str, str]:
    """Give the headers; no name stands twice."""
    headers = dict(found.headers)
    assert len(headers) == len(found.headers)
    return headers


def shape_of(found: Answer) -> str:
    """Name the shape of an answer, by nothing but its bytes."""
    if not found.body:
        return "nothing"
    body = json.loads(found.body)
    if "title" in body:
        return "problem"
    if "result" in body:
        return "complete result" if body["result"].get("resultType") == "complete" else "result"
    return "error in 200" if found.status == 200 else "status"


@pytest.mark.parametrize("reason", DENIALS)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("request_kind", REQUESTS)
def test_shape_of_a_denial(request_kind: str, style: RefusalStyle, reason: Reason) -> None:
    """In-band where an HTTP error would end the session; the status where that is asked for."""
    found = answer(reason, REQUESTS[request_kind], style)

    assert shape_of(found) == SHAPES[request_kind][style]
    assert found.status == {
        "status": ROWS[reason].status,
        "nothing": 403,
        "problem": 403,
    }.get(shape_of(found), 200)


def test_tool_result() -> None:
    """The result that clients hand to their model: a sentence, and the decision to ask about."""
    body = json.loads(answer(Reason.FORBIDDEN).body)

    assert body == {
        "jsonrpc": "2.0",
        "id": 7,
        "result": {
            "isError": True,
            "content": [{"type": "text", "text": f"{DENIED_SENTENCE} Decision {DECISION}."}],
        },
    }


def test_error_in_band() -> None:
    """An error of an application has a code outside JSON-RPC's own, and one word for machines."""
    body = json.loads(answer(Reason.FORBIDDEN, REQUESTS["session"]).body)

    assert body["error"] == {
        "code": 403,
        "message": f"{DENIED_SENTENCE} Decision {DECISION}.",
        "data": {"reason": "denied", "decision": DECISION},
    }


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("request_kind", REQUESTS)
def test_undeclared_and_forbidden_look_the_same(request_kind: str, style: RefusalStyle) -> None:
    """The agent cannot tell what does not exist from what it may not do."""
    answers = {answer(reason, REQUESTS[request_kind], style) for reason in LOOK_THE_SAME}

    assert len(answers) == 1


@pytest.mark.parametrize("style", STYLES)
def test_undeclared_connection_looks_like_no_target(style: RefusalStyle) -> None:
    """The bytes are one problem, however the request was read and whatever the target is."""
    unknown = answer(Reason.TARGET_UNKNOWN, REQUESTS["plain HTTP"], RefusalStyle.AUTO, None)
    answers = {
        answer(Reason.CONNECTION_UNDECLARED, message, style) for message in REQUESTS.values()
    }

    assert answers == {unknown}
    assert shape_of(unknown) == "problem"
    assert headers_of(unknown)["content-type"] == "application/problem+json"


@pytest.mark.parametrize("reason", UNPROVEN)
@pytest.mark.parametrize("style", STYLES)
def test_unproven_is_challenged(reason: Reason, style: RefusalStyle) -> None:
    """A 401 says where the metadata is, an error only for a bad token, and never a scope."""
    for message in REQUESTS.values():
        found = answer(reason, message, style)
        invalid = 'error="invalid_token", ' if reason is Reason.CREDENTIAL_INVALID else ""
        assert found.status == 401
        assert headers_of(found)["www-authenticate"] == (
            f'Bearer {invalid}resource_metadata="{METADATA}"'
        )
        assert json.loads(found.body)["error"]["code"] == 401
        assert json.loads(found.body)["id"] == message.request_id


@pytest.mark.parametrize("reason", UNPROVEN)
def test_challenge_of_an_unknown_target_is_bare(reason: Reason) -> None:
    """Nothing is said of a target that is not there."""
    found = answer(reason, REQUESTS["plain HTTP"], audience=None)

    assert headers_of(found)["www-authenticate"] == "Bearer"


def test_no_other_refusal_challenges() -> None:
    """A challenge makes a client bother its user: only a 401 of the unproven, and one 403, do."""
    challenged = {
        (reason, style)
        for reason in ROWS
        for style in STYLES
        for message in REQUESTS.values()
        if "www-authenticate" in headers_of(answer(reason, message, style))
    }
    expected = {(reason, style) for reason in UNPROVEN for style in STYLES}

    assert challenged - {(Reason.STEP_UP_REQUIRED, RefusalStyle.OAUTH)} == expected | {
        (Reason.INSUFFICIENT_SCOPE, RefusalStyle.OAUTH)
    }


def test_scope_challenge() -> None:
    """An agent that runs OAuth is told which scopes cure it; every other reads it in a sentence."""
    oauth = answer(Reason.INSUFFICIENT_SCOPE, style=RefusalStyle.OAUTH)
    auto = json.loads(answer(Reason.INSUFFICIENT_SCOPE).body)

    assert oauth.status == 403
    assert headers_of(oauth)["www-authenticate"] == (
        'Bearer error="insufficient_scope", scope="docs:read docs:write",'
        f' resource_metadata="{METADATA}"'
    )
    assert b"docs:" not in oauth.body
    assert "docs:read docs:write" in auto["result"]["content"][0]["text"]


@pytest.mark.parametrize("reason", sorted(CURED_BY_LOGIN))
def test_asked_before(reason: Reason) -> None:
    """What another login did not cure is refused as by HTTP: no challenge, the plain sentence."""
    row = refused(reason, required=REQUIRED)
    again = render(Refusal(row, DECISION, TOOL, AUDIENCE, RefusalStyle.OAUTH))

    assert again == answer(reason, style=RefusalStyle.HTTP)
    assert "www-authenticate" not in headers_of(again)


def test_scopes_are_named_for_nothing_else() -> None:
    """Only `insufficient_scope` tells what would be needed."""
    for reason in ROWS.keys() - {Reason.INSUFFICIENT_SCOPE}:
        for style in STYLES:
            found = answer(reason, style=style)
            assert b"docs:" not in found.body
            assert "docs:" not in str(found.headers)


@pytest.mark.parametrize("kind", Malformed)
def test_malformed(kind: Malformed) -> None:
    """A 400 has the code of its kind, and no id but where a mirrored header disagrees."""
    echoed = 7 if kind is Malformed.HEADER_MISMATCH else None
    row = refused(Reason.AMBIGUOUS_REQUEST, malformed=kind, request_id=echoed)

    found = render(Refusal(row, DECISION, None, AUDIENCE))

    body = json.loads(found.body)
    assert (found.status, body["id"]) == (400, echoed)
    assert body["error"]["data"] == {"reason": "invalid", "decision": DECISION}
    assert body["error"]["code"] in {-32700, -32600, -32020}


def test_truncated_body() -> None:
    """A body that was cut off is a 413."""
    assert answer(Reason.BODY_TRUNCATED, None).status == 413


def test_fault_says_when_to_come_back() -> None:
    """What could not be decided is a 503 with `Retry-After`."""
    found = answer(Reason.FAULT, None, audience=None)

    assert found.status == 503
    assert int(headers_of(found)["retry-after"]) > 0
    assert json.loads(found.body)["error"]["data"]["reason"] == "unavailable"


def test_stranger() -> None:
    """A good identity that no document names gets a status, whatever it sent."""
    for message in REQUESTS.values():
        found = answer(Reason.AGENT_UNDECLARED, message)
        assert (found.status, shape_of(found)) == (403, "status")
