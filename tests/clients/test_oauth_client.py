"""The official MCP client that runs OAuth itself, at a real provider, through Envoy and the gate.

The gate says what is missing; the client finds out where to log in, registers,
lets its user log in, and asks again. Nobody tells it anything else.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from mcp import Client
from mcp.client.client import ConnectMode
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from authz.model.instant import Instant
from examples.edge.certificates import Authority
from examples.idp.login import Browser
from examples.idp.mcp_oauth import AtLoopback, oauth
from examples.idp.provider import Provider
from tests.support.believing import believing_gate
from tests.support.edge import running_front
from tests.support.envoy import TARGET_HEADER
from tests.support.gate import Gate, running_gate
from tests.support.mcp_upstream import McpUpstream

TIMEOUT_SECONDS = 20
AGENT = "spiffe://example.org/ns/research/sa/desk"
"""It runs OAuth itself (`refusals: oauth`)."""

ORIGIN = "https://docs.tools.example"
URL = f"{ORIGIN}/mcp"
"""The audience of tools/docs, which its metadata calls the resource."""

HOST = "docs.tools.svc.cluster.local"
ROUTE = {"host": HOST, TARGET_HEADER: "tools/docs"}
SEARCH, ANNOTATE = ("search", {"query": "tides"}), ("annotate", {"page": "tides"})
ENDPOINTS = {"/.well-known/oauth-authorization-server", "/reg", "/auth", "/token"}
AHEAD_SECONDS = 20
"""The gate's clock stands; tokens are good at it that are issued within a minute."""


@dataclass(frozen=True)
class Floor:
    """A gate behind Envoy, before an MCP server, and the provider that users log in at."""

    idp: Provider
    port: int
    gate: Gate
    authority: Authority
    upstream: McpUpstream

    async def call(
        self, browser: Browser, mode: ConnectMode, *calls: tuple[str, dict[str, str]]
    ) -> list[bool]:
        """Make *calls* in one session of a client that has no token yet; say which were good."""
        tls = ssl.create_default_context(cafile=str(self.authority.roots))
        tls.load_cert_chain(*self.authority.issue("desk", AGENT))
        mounts = {ORIGIN: AtLoopback(self.port, tls, ROUTE)}
        async with (
            httpx2.AsyncClient(
                auth=oauth(URL, browser), mounts=mounts, trust_env=False, timeout=TIMEOUT_SECONDS
            ) as http,
            Client(streamable_http_client(URL, http_client=http), mode=mode) as client,
        ):
            return [await _went(client, call) for call in calls]

    def decided(self) -> list[tuple[str, str]]:
        """Give tool and reason of each decision about a call, in their order."""
        rows = [json.loads(line) for line in self.gate.records.read_text().splitlines()]
        calls = [row for row in rows if (row["operation"] or {}).get("tool")]
        return [(row["operation"]["tool"], row["reason"]) for row in calls]

    def asked(self) -> list[str]:
        """Give which endpoints the client asked, but for the hops of a login."""
        seen = self.idp.control("seen")["requests"]
        return [row["path"] for row in seen if row["path"] in ENDPOINTS]


async def _went(client: Client, call: tuple[str, dict[str, str]]) -> bool:
    """Make one call; False where it was refused, whether as a result or by a status."""
    try:
        return not (await client.call_tool(*call)).is_error
    except MCPError:
        return False


@pytest.fixture
def floor(idp: Provider, tmp_path: Path) -> Iterator[Floor]:
    """The worked world, where docs is a resource that the provider gives tokens for."""
    idp.control("resource", indicator=URL, scope="docs:read docs:write")
    with (
        believing_gate(idp, tmp_path) as believing,
        McpUpstream({"search", "annotate"}) as upstream,
        running_gate(believing.decision_point, tmp_path) as gate,
        running_front(believing.decision_point, tmp_path, gate, upstream.port) as front,
    ):
        gate.clock.moment = Instant(int(time.time()) + AHEAD_SECONDS)
        idp.control("seen")
        yield Floor(idp, front[0], gate, front[1], upstream)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_login_and_wider_login(mode: ConnectMode, floor: Floor) -> None:
    """It logs its user in when it must, and again for a scope that it lacks; then all runs."""
    with Browser("alice") as browser:
        went = asyncio.run(floor.call(browser, mode, SEARCH, ANNOTATE, SEARCH))

    assert went == [True, True, True]
    assert floor.upstream.ran == ["search", "annotate", "search"]
    assert floor.decided() == [
        ("search", "credential_missing"),
        ("search", "allow"),
        ("annotate", "insufficient_scope"),
        ("annotate", "allow"),
        ("search", "allow"),
    ]
    metadata, registration, *logins = floor.asked()
    assert (metadata, registration) == ("/.well-known/oauth-authorization-server", "/reg")
    assert logins == ["/auth", "/token"] * 2


def test_user_who_never_could(floor: Floor) -> None:
    """What no login would bring is refused without a challenge: its user is not sent to log in."""
    with Browser("rita") as browser:
        went = asyncio.run(floor.call(browser, "auto", SEARCH, ANNOTATE))

    assert went == [True, False]
    assert floor.decided()[2:] == [("annotate", "user_lacks_scope")]
    assert floor.asked().count("/auth") == 1


def test_user_who_agrees_to_less(floor: Floor) -> None:
    """A user who refuses the wider scope is asked for it once, however often the agent tries."""
    with Browser("alice", {"consent": "docs:read"}) as browser:
        went = asyncio.run(floor.call(browser, "auto", SEARCH, ANNOTATE, ANNOTATE, SEARCH))

    assert went == [True, False, False, True]
    assert floor.upstream.ran == ["search", "search"]
    assert floor.asked().count("/auth") == 2
