"""The official MCP client runs OAuth itself: challenged by the gate, it gets what it lacks.

The whole path: client, mTLS, Envoy, the gate, an official MCP server; and a real
OpenID provider, whose keys the gate has discovered. Nothing but the login page
is answered by a script.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.client import ConnectMode
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult

from authz.model.instant import Instant
from examples.edge.certificates import Authority
from examples.idp.login import Browser
from examples.idp.mcp_oauth import AtLoopback, KeptTokens, oauth
from examples.idp.provider import Provider
from tests.support.believing import believing_gate
from tests.support.edge import running_front
from tests.support.envoy import TARGET_HEADER
from tests.support.gate import Gate, running_gate
from tests.support.mcp_upstream import McpUpstream

ORIGIN = "https://docs.tools.example"
URL = f"{ORIGIN}/mcp"
HOST = "docs.tools.svc.cluster.local"
DESK = "spiffe://example.org/ns/research/sa/desk"
MODES: tuple[ConnectMode, ...] = ("legacy", "auto")
TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class Way:
    """From a client to a tool."""

    idp: Provider
    gate: Gate
    port: int
    authority: Authority
    upstream: McpUpstream

    def http(self, browser: Browser) -> httpx2.AsyncClient:
        """Give an HTTP client of the agent desk, which logs in by itself when it is challenged."""
        tls = ssl.create_default_context(cafile=str(self.authority.roots))
        tls.load_cert_chain(*self.authority.issue("desk", DESK))
        here = AtLoopback(self.port, tls, {"host": HOST, TARGET_HEADER: "tools/docs"})
        auth = oauth(URL, browser, KeptTokens())
        return httpx2.AsyncClient(
            auth=auth, mounts={ORIGIN: here}, timeout=TIMEOUT_SECONDS, trust_env=False
        )

    def records(self, tool: str) -> list[Mapping[str, Any]]:
        """Give the records of all calls of *tool*."""
        rows = [json.loads(line) for line in self.gate.records.read_text().splitlines()]
        return [row for row in rows if (row["operation"] or {}).get("tool") == tool]

    def logins(self) -> int:
        """Give how often a user was sent to the provider since it was last asked."""
        requests = self.idp.control("seen")["requests"]
        return len([row for row in requests if row["path"] == "/auth"])


@pytest.fixture(scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("oauth")


@pytest.fixture
def way(idp: Provider, tmp_path: Path) -> Iterator[Way]:
    """Everything that stands between the client and the tool."""
    idp.control("resource", indicator=URL, scope="docs:read docs:write")
    with (
        believing_gate(idp, tmp_path) as believing,
        McpUpstream({"search", "annotate"}) as upstream,
        running_gate(believing.decision_point, tmp_path) as gate,
        running_front(believing.decision_point, tmp_path, gate, upstream.port) as (port, authority),
    ):
        gate.clock.moment = Instant(int(time.time()))
        yield Way(idp, gate, port, authority, upstream)


async def converse(
    way: Way, browser: Browser, mode: ConnectMode, *calls: tuple[str, dict[str, Any]]
) -> list[CallToolResult | None]:
    """Make calls one after the other, in one session; None for one that the client gives up."""
    async with way.http(browser) as http:
        transport = streamable_http_client(URL, http_client=http)
        async with Client(transport, mode=mode, read_timeout_seconds=TIMEOUT_SECONDS) as client:
            return [await result_of(client, tool, arguments) for tool, arguments in calls]


async def result_of(client: Client, tool: str, arguments: dict[str, Any]) -> CallToolResult | None:
    """Call *tool*."""
    try:
        return await client.call_tool(tool, arguments)
    except MCPError:
        return None


SEARCH = ("search", {"query": "tides"})
ANNOTATE = ("annotate", {"page": "tides"})


@pytest.mark.parametrize("mode", MODES)
def test_wider_token(mode: ConnectMode, way: Way) -> None:
    """A missing login and a missing scope are each cured once, and the same calls then run."""
    with Browser("alice") as browser:
        results = asyncio.run(converse(way, browser, mode, SEARCH, ANNOTATE, ANNOTATE))

    assert [result is not None and not result.is_error for result in results] == [True] * 3
    assert way.upstream.ran == ["search", "annotate", "annotate"]
    assert [row["reason"] for row in way.records("search")] == ["credential_missing", "allow"]
    assert [row["reason"] for row in way.records("annotate")] == [
        "insufficient_scope",
        "allow",
        "allow",
    ]
    assert way.logins() == 2


def test_user_who_agrees_to_less(way: Way) -> None:
    """A user who does not grant the scope is asked once; the session lives on, unchallenged."""
    with Browser("alice", {"consent": "docs:read"}) as browser:
        calls = (SEARCH, ANNOTATE, ANNOTATE, SEARCH)
        results = asyncio.run(converse(way, browser, "auto", *calls))

    assert [result is not None for result in results] == [True, False, False, True]
    assert [row["reason"] for row in way.records("annotate")] == ["insufficient_scope"] * 3
    assert way.upstream.ran == ["search", "search"]
    assert way.logins() == 2
