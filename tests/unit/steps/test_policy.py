"""`steps.policy`: headers that repeat an argument say what the argument says."""

from __future__ import annotations

import pytest

from authz.directory.compiled import Connection
from authz.directory.offers import ALL, Tool
from authz.model.instant import Instant
from authz.model.operation import Message, Operation, Protocol, Session, ToolCall
from authz.model.outcome import NO_ANSWERS, Facts, Passed, Refused
from authz.model.principals import Actor, Caller, Hop
from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES
from authz.model.spiffe import SpiffeId
from authz.server.decision_point import DecisionPoint
from authz.steps.ceilings import UserScopes
from authz.steps.given import Asked, Credential, Given, Link
from authz.steps.policy import judge_policies
from authz.wire.check import unread_call
from tests.support.values import replace

WORKLOAD = SpiffeId.parse("spiffe://example.org/ns/research/sa/research-agent")
CALLER = Caller(WORKLOAD, Hop("research/research-agent", Actor(WORKLOAD.authority, str(WORKLOAD))))
SEARCH = ToolCall("search", {"query": "tides"})
PING = Session("ping")

ROWS: dict[str, tuple[Operation, dict[str, str], bool]] = {
    "no header": (SEARCH, {}, True),
    "what the argument says": (SEARCH, {"mcp-param-q": "tides"}, True),
    "something else": (SEARCH, {"mcp-param-q": "waves"}, False),
    "an argument that nobody declares": (SEARCH, {"mcp-param-x": "tides"}, False),
    "session without a header": (PING, {}, True),
    "session with a header": (PING, {"mcp-param-q": "tides"}, False),
}


@pytest.mark.parametrize(("operation", "headers", "agrees"), ROWS.values(), ids=ROWS)
def test_mirrors(
    operation: Operation, headers: dict[str, str], agrees: bool, decision_point: DecisionPoint  # noqa: FBT001
) -> None:  # fmt: skip
    """A header that disagrees, or that has nothing to agree with, is a bad argument."""
    world = decision_point.world
    target = world.directory.targets["tools/docs"]
    tool: Tool = replace(target.tools["search"], mirrored={"q": ("query",)})
    asked = Asked(tool, tool.scopes) if operation is SEARCH else Asked(None, NO_SCOPES)
    call = replace(unread_call("out", decision="d", new_trace="t"), headers=headers)
    link = Link(target, Connection(target.name, {"tools": frozenset({ALL})}))
    message = Message(Protocol.MCP, operation, 1)
    facts = Facts(call, CALLER, message, link, asked, Credential(None), UserScopes(NO_SCOPES))
    answer = judge_policies(Given(call, world, Instant(1), NO_ANSWERS), facts)

    assert isinstance(answer, Passed | Refused)
    disagrees = isinstance(answer, Refused) and answer.reason is Reason.BAD_ARGUMENT
    assert disagrees is not agrees
