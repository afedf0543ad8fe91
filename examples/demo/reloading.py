"""Scenes in which files of the running gate change: what they say holds for the next call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from examples.demo.agent import session, text_of
from examples.demo.places import HOME
from examples.demo.scenes import NotAsTold, Told, allowed, must, record_of, traced
from examples.demo.stage import Stage

POLICIES = HOME / "policies" / "ns" / "tools" / "docs.cedar"
AGENTS = HOME / "directory" / "ns" / "research" / "agents.yaml"

NO_STORMS = """@id("no-storms")
forbid (principal, action == Action::"tools/call:tools/docs/search", resource)
when { context.input.query like "*storm*" };
"""
BROKEN = """@id("half-written") permit (principal, action
"""

Standing = Mapping[str, Any]
"""What `/readyz` says."""

LIMIT_SECONDS = 20
LOOK_SECONDS = 0.05


async def policy_edited(stage: Stage) -> Told:
    """Write a policy while a session is open: its next call is decided by it."""
    storms = {"query": "storms"}
    with traced("policy edited") as trace_id:
        async with session("research-agent", "alice", stage.doors) as client:
            must(not (await client.call_tool("search", storms)).is_error, "it was forbidden before")
            async with _edited(POLICIES, POLICIES.read_text() + NO_STORMS, stage):
                text = text_of(await client.call_tool("search", storms))
                record = record_of(trace_id, "search")
                must(record["reason"] == "forbidden", f"after the edit: {record['reason']}")
                await allowed(client)
            must(not (await client.call_tool("search", storms)).is_error, "it is still forbidden")
    return Told(
        "A policy edited while the gate runs",
        "research-agent, for alice: search(query='storms'), before, under and after the edit",
        f"allowed; then the model reads: {text!r}; then allowed again. Other calls all the while",
        f"{record['reason']} by no-storms, which stood in docs.cedar for that time",
        trace_id,
    )


async def broken_edit(stage: Stage) -> Told:
    """Write half a policy: what was in force stays, and the gate says where the mistake is."""
    before = await _readiness(stage)
    with traced("broken edit") as trace_id:
        async with session("research-agent", "alice", stage.doors) as client:
            good = _swap(POLICIES, BROKEN)
            try:
                failed = await _until(stage, "failed", lambda told: bool(told["failed"]))
                await allowed(client)
            finally:
                _swap(POLICIES, good)
            mended = await _until(stage, "mended", lambda told: not told["failed"])
    (mistake, *_) = failed["failed"]["world"]["mistakes"]
    must(failed["world"] == before["world"] == mended["world"], "another world was in force")
    return Told(
        "A broken edit",
        "research-agent, for alice: search, while docs.cedar holds half a policy",
        "allowed, in the world of before; /readyz says where it is wrong until it is mended",
        f"{mistake['file']}:{mistake['line']}:{mistake['column']}, as the log tells",
        trace_id,
    )


async def suspended_agent(stage: Stage) -> Told:
    """Suspend an agent in its document: its session is refused from the next call on."""
    with traced("suspended agent") as trace_id:
        async with session("assistant", "alice", stage.doors) as client:
            await allowed(client)
            async with _edited(AGENTS, _suspended("assistant"), stage):
                result = await client.call_tool("search", {"query": "tides"})
                record = record_of(trace_id, "search")
                must(bool(result.is_error), "a suspended agent was served")
                must(record["reason"] == "suspended", f"reason {record['reason']}, not suspended")
            await allowed(client)
    return Told(
        "An agent that is suspended, and back again",
        "assistant, for alice: search, with a session and a token from before",
        f"the model reads: {text_of(result)!r}; once it is active again, the same session goes on",
        f"step {record['step']}, {record['reason']}: {record['detail']}",
        trace_id,
    )


def _suspended(agent: str) -> str:
    """Give the documents of all agents, with *agent* suspended."""
    before, name, after = AGENTS.read_text().partition(f"name: {agent},")
    return before + name + after.replace("lifecycle: active", "lifecycle: suspended", 1)


@asynccontextmanager
async def _edited(file: Path, text: str, stage: Stage) -> AsyncIterator[None]:
    """Give a block in which the gate goes by *text* in *file*, and by the old one after it."""
    before = (await _readiness(stage))["world"]
    old = _swap(file, text)
    try:
        await _until(stage, "changed", lambda told: told["world"] != before)
        yield
    finally:
        _swap(file, old)
        await _until(stage, "changed back", lambda told: told["world"] == before)


def _swap(file: Path, text: str) -> str:
    """Write *text* to *file*, and give what stood there."""
    old = file.read_text()
    file.write_text(text)
    return old


async def _until(stage: Stage, what: str, holds: Callable[[Standing], bool]) -> Standing:
    """Wait until the gate says that *holds*, and give what it says then."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            while not holds(told := await _readiness(stage)):  # noqa: ASYNC110 - it must be asked
                await asyncio.sleep(LOOK_SECONDS)
            return told
    except TimeoutError:
        raise NotAsTold(f"the gate's world was not {what} in {LIMIT_SECONDS} seconds") from None


async def _readiness(stage: Stage) -> Standing:
    """Ask the gate how things stand."""
    async with httpx2.AsyncClient() as http:
        told: Standing = (await http.get(stage.readiness_url)).json()
        return told
