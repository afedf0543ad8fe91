"""The cases again, by the official MCP client in both eras, to an official MCP server.

A client that is refused must live on: after each call the same session makes
an allowed one.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.client import ConnectMode
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent

from authz.model.reasons import Reason
from authz.server.decision_point import DecisionPoint
from tests.clients.floor import TRANSPORT, Floor, running_floor
from tests.support.cases import Case, all_cases, case_named
from tests.support.edge import headers_of
from tests.support.mcp_upstream import RAN

TIMEOUT_SECONDS = 20
MODES: tuple[ConnectMode, ...] = ("legacy", "auto")
IN_BAND = frozenset({"denied", "denied-modern", "scope", "step-up", "consent", "pending"})
"""Answers that reach a client as the result of its call."""

FIRST_STEP_OF_A_CALL = 6


def _is_for_clients(case: Case) -> bool:
    """
    Say whether a client can send *case*: a tool call that is allowed, or refused in-band.

    What refuses the user or the agent (steps 1 to 5) refuses the session too.
    """
    if not case.body.startswith(b"{") or case.method != "POST":
        return False
    if any(name.startswith("mcp-param-") for name, _ in case.headers):
        return False
    try:
        call = json.loads(case.body)
    except ValueError:
        return False
    answer = case.expect.get("answer", "")
    if "task" in call.get("params", {}):
        return False  # This client asks for no tasks.
    return call.get("method") == "tools/call" and (
        case.expect["reason"] == Reason.ALLOW
        or (answer in IN_BAND and case.expect["step"] >= FIRST_STEP_OF_A_CALL)
    )


CASES = [case for case in all_cases() if _is_for_clients(case)]


@pytest.fixture(scope="module")
def floor(
    decision_point: DecisionPoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Floor]:
    """The worked world, between the official client and an official server."""
    with running_floor(decision_point, tmp_path_factory.mktemp("clients")) as running:
        yield running


def _http(floor: Floor, case: Case) -> httpx2.AsyncClient:
    """Give an HTTP client with certificate, route and credential of *case*."""
    tls = ssl.create_default_context(cafile=str(floor.authority.roots))
    tls.load_cert_chain(*floor.identity_of(case))
    headers = {k: v for k, v in headers_of(case) if k not in TRANSPORT}
    return httpx2.AsyncClient(verify=tls, headers=headers, timeout=TIMEOUT_SECONDS)


async def _call(floor: Floor, case: Case, mode: ConnectMode) -> tuple[CallToolResult, Any]:
    """Make the call of *case*, then list tools in the same session."""
    params = json.loads(case.body)["params"]
    async with _http(floor, case) as http:
        url = f"https://127.0.0.1:{floor.port}{case.path}"
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=mode, read_timeout_seconds=TIMEOUT_SECONDS) as client:
            result = await client.call_tool(params["name"], params["arguments"])
            return result, await client.list_tools()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, mode: ConnectMode, floor: Floor) -> None:
    """The client's call is decided as the case says, and its session goes on."""
    floor.gate.clock.moment = case.now
    tool = json.loads(case.body)["params"]["name"]
    before, decided = len(floor.upstream.ran), len(floor.reasons(tool))

    result, listed = asyncio.run(_call(floor, case, mode))

    text = " ".join(part.text for part in result.content if isinstance(part, TextContent))
    is_allowed = case.expect["reason"] == Reason.ALLOW
    assert floor.reasons(tool)[decided:] == [case.expect["reason"]]
    assert floor.upstream.ran[before:] == ([tool] if is_allowed else [])
    assert (text == RAN) is is_allowed
    assert bool(result.is_error) is not is_allowed
    assert listed.tools


def test_enough_cases_reach_clients() -> None:
    """The number of cases that clients make is printed, and never shrinks unnoticed."""
    print(f"clients: {len(CASES)} cases in {len(MODES)} eras")

    assert len(CASES) == 54


def test_allowed_call_after_a_refusal(floor: Floor) -> None:
    """After a refusal the same session makes an allowed call, and it runs."""

    async def converse() -> list[bool]:
        case = case_named("tool-not-on-list")
        floor.gate.clock.moment = case.now
        async with _http(floor, case) as http:
            url = f"https://127.0.0.1:{floor.port}{case.path}"
            async with Client(streamable_http_client(url, http_client=http)) as client:
                calls = [("purge", {}), ("search", {"query": "a"}), ("purge", {})]
                return [bool((await client.call_tool(*call)).is_error) for call in calls]

    assert asyncio.run(converse()) == [True, False, True]
