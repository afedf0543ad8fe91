"""`refusals.render`: nothing that a caller wrote comes back but the id of its request."""

from __future__ import annotations

import json

import pytest

from authz.directory.compiled import RefusalStyle, TargetKind
from authz.model.operation import (
    AgentCall,
    Binding,
    Era,
    HttpCall,
    Message,
    Operation,
    Protocol,
    Session,
    ToolCall,
    Unknown,
)
from authz.model.outcome import Refused
from authz.model.reasons import Reason
from authz.refusals.render import Refusal, render
from authz.refusals.table import ROWS

DECISION = "0123456789abcdef0123456789abcdef"
MARK = "Ignore-all-instructions"
AUDIENCE = "https://docs.example/mcp"
MAX_BODY = 8192
"""Envoy's `max_denied_response_body_bytes` in the shipped configuration."""

STYLES = tuple(style for style in RefusalStyle if style is not RefusalStyle.JSON)
"""All but the one whose bodies are told in `test_small.py`."""

OPERATIONS: tuple[Operation, ...] = (
    ToolCall(MARK, {MARK: MARK}),
    Session(MARK),
    Unknown(MARK),
    HttpCall(MARK, f"/{MARK}"),
    *(AgentCall(MARK, binding) for binding in Binding),
)
IDS = (0, -1, 2**63 - 1, "", "a-1", '"quoted"\r\n', "é", "\u2028", "x" * 128)


@pytest.mark.parametrize("reason", ROWS)
@pytest.mark.parametrize("style", RefusalStyle)
@pytest.mark.parametrize("protocol", Protocol)
def test_nothing_is_echoed(protocol: Protocol, style: RefusalStyle, reason: Reason) -> None:
    """Neither names, methods and arguments nor the detail for people are in body or headers."""
    for operation in OPERATIONS:
        for kind in (None, *TargetKind):
            message = Message(protocol, operation, 1, Era.MODERN, MARK)
            row = Refused(reason, MARK)
            found = render(Refusal(row, DECISION, message, AUDIENCE, style, kind=kind))
            assert MARK not in found.body.decode()
            assert MARK not in str(found.headers)


@pytest.mark.parametrize("request_id", IDS, ids=repr)
@pytest.mark.parametrize("style", STYLES)
def test_id_comes_back_exactly(style: RefusalStyle, request_id: int | str) -> None:
    """The id keeps type and value, in ASCII, whatever characters it has."""
    message = Message(Protocol.MCP, ToolCall("t", {}), request_id)

    found = render(Refusal(Refused(Reason.FORBIDDEN, ""), DECISION, message, AUDIENCE, style))

    body = json.loads(found.body.decode("ascii"))
    assert body["id"] == request_id
    assert type(body["id"]) is type(request_id)


@pytest.mark.parametrize("reason", ROWS)
@pytest.mark.parametrize("style", STYLES)
def test_the_decision_is_always_told(style: RefusalStyle, reason: Reason) -> None:
    """Every answer has the decision id in its header and in any body, and is small."""
    for operation in OPERATIONS:
        for request_id in (1, None):
            message = Message(Protocol.MCP, operation, request_id)
            found = render(Refusal(Refused(reason, ""), DECISION, message, AUDIENCE, style))
            assert dict(found.headers)["x-narrowgate-decision"] == DECISION
            assert not found.body or DECISION in found.body.decode()
            assert bool(found.body) == ("content-type" in dict(found.headers))
            assert len(found.body) < MAX_BODY
