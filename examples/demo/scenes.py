"""The scenes: what is asked, what must happen, and the record that says why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mcp import Client
from opentelemetry import trace

from examples.demo.agent import session, text_of
from examples.demo.children import Line, json_lines
from examples.demo.places import RECORDS, SEEN, TOKEN
from examples.demo.stage import Stage
from examples.demo.stranger import ask

FORGED = {"x-narrowgate-user": "corp/root", "x-workload-spiffe-id": "spiffe://example.org/root"}


class NotAsTold(Exception):
    """Something else happened than the scene says."""


@dataclass(frozen=True)
class Told:
    """One scene as it went."""

    title: str
    asked: str
    happened: str
    why: str
    trace_id: str


@dataclass(frozen=True)
class Call:
    """A scene of one tool call, and of an allowed one after it in the same session."""

    title: str
    agent: str
    user: str
    tool: str
    arguments: Mapping[str, Any]
    reason: str
    """The record's."""

    names: str = ""
    """What the record must name: a scope, a party or a policy."""


CALLS = (
    Call(
        "A tool that is not on the agent's list",
        "research-agent",
        "alice",
        "drafts",
        {},
        "operation_undeclared",
    ),
    Call(
        "A scope that the agent may never hold, whatever its user may do",
        "assistant",
        "alice",
        "annotate",
        {"page": "tides"},
        "agent_lacks_scope",
        "research/assistant",
    ),
    Call(
        "A scope that the user could never hold, although the login carries it",
        "research-agent",
        "rita",
        "annotate",
        {"page": "tides"},
        "user_lacks_scope",
        "docs:write",
    ),
    Call(
        "Arguments that policy forbids, in an optional parameter (str | None)",
        "research-agent",
        "alice",
        "read_page",
        {"path": "/etc/shadow"},
        "forbidden",
        "workspace-paths-only",
    ),
)


async def allowed_call(stage: Stage) -> Told:
    """Let an agent search for its user, and keep the token that the tool saw."""
    with traced("allowed call") as trace_id:
        async with session("research-agent", "alice", stage.doors) as client:
            text = await allowed(client)
    record, seen = record_of(trace_id, "search"), _seen(trace_id, "search")
    TOKEN.write_text(seen["token"])
    return Told(
        "An allowed call",
        "research-agent, for alice: search(query='tides')",
        f"the tool answered: {text!r}",
        f"alice, the agent and policy all hold {', '.join(record['required'])}; decided by "
        f"{_policies(record)}",
        trace_id,
    )


async def refused_call(stage: Stage, call: Call) -> Told:
    """Let an agent make a call that must be refused, and an allowed one in the same session."""
    with traced(call.title) as trace_id:
        async with session(call.agent, call.user, stage.doors) as client:
            result = await client.call_tool(call.tool, dict(call.arguments))
            text = text_of(result)
            must(bool(result.is_error), f"the call was not refused: {text}")
            await allowed(client)
    record = record_of(trace_id, call.tool)
    must(record["reason"] == call.reason, f"reason {record['reason']}, not {call.reason}")
    must(record["decision"] in text, "the refusal does not name its decision")
    must(call.names in f"{record['detail']} {_policies(record)}", f"{call.names} is not named")
    must(not _reached(record), "the refused call reached the tool")
    return Told(
        call.title,
        f"{call.agent}, for {call.user}: {call.tool}({_written(call.arguments)})",
        f"the model reads: {text!r}; then the same session searched, and was allowed",
        f"step {record['step']}, {record['reason']}: {record['detail']}",
        trace_id,
    )


async def forged_headers(stage: Stage) -> Told:
    """Let an agent write identity headers of its own; the tool must see the proven ones."""
    with traced("forged headers") as trace_id:
        async with session("research-agent", "alice", stage.doors, FORGED) as client:
            await allowed(client)
    seen = _seen(trace_id, "search")
    must(seen["x-narrowgate-user"] == "corp/alice", f"the tool saw {seen['x-narrowgate-user']}")
    workload = seen["x-workload-spiffe-id"]
    must(workload.endswith("/sa/research-agent"), f"the tool saw {workload}")
    return Told(
        "A forged identity header",
        f"research-agent, for alice: search, with the headers {FORGED}",
        f"the tool saw user {seen['x-narrowgate-user']} and workload {workload}",
        "identity headers are stripped before the gate, and set by it to what was proven",
        trace_id,
    )


async def no_envoy(stage: Stage) -> Told:
    """Let an agent ask the gate itself, with its own certificate and a good user token."""
    turned = ask(stage.gate, "research-agent", await stage.doors.idp.log_in("alice"))
    must(not turned.has_token, "the gate gave a stranger a token")
    must(turned.status == 503, f"the gate answered {turned.status}")
    (record,) = [row for row in json_lines(RECORDS) if row["decision"] == turned.decision]
    return Told(
        "A caller of the gate's port that is no Envoy",
        "research-agent itself: a Check of its own, by mTLS with its own certificate",
        f"{turned.status}, and no token",
        f"{record['reason']}: {record['detail']}",
        record["trace"],
    )


async def allowed(client: Client) -> str:
    """Make a call that must be allowed, and give what the tool answered."""
    result = await client.call_tool("search", {"query": "tides"})
    must(not result.is_error, f"an allowed call was refused: {text_of(result)}")
    return text_of(result)


@contextmanager
def traced(title: str) -> Iterator[str]:
    """Put a span around a scene, and give the trace id that every call in it carries."""
    with trace.get_tracer("demo").start_as_current_span(title) as span:
        yield trace.format_trace_id(span.get_span_context().trace_id)


def record_of(trace_id: str, tool: str) -> Line:
    """Give the record of the last call of *tool* in the trace."""
    rows = [row for row in trail(trace_id) if (row["operation"] or {}).get("tool") == tool]
    must(bool(rows), f"no record of {tool} in trace {trace_id}")
    return rows[-1]


def trail(trace_id: str) -> list[Line]:
    """Give every record of one trace, in the order of the decisions."""
    return [row for row in json_lines(RECORDS) if row["trace"] == trace_id]


def _seen(trace_id: str, tool: str) -> Line:
    decision = record_of(trace_id, tool)["decision"]
    (seen,) = [row for row in json_lines(SEEN) if row.get("x-narrowgate-decision") == decision]
    return seen


def _reached(record: Line) -> bool:
    return any(row.get("x-narrowgate-decision") == record["decision"] for row in json_lines(SEEN))


def _policies(record: Line) -> str:
    return ", ".join(sorted({f"{row['id']} ({row['at']})" for row in record["policies"]}))


def _written(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def must(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - an assertion
    """
    Check what the scene says.

    Raises:
        NotAsTold: it is not so, but *otherwise*.
    """
    if not holds:
        raise NotAsTold(otherwise)
