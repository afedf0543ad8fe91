"""An agent's two calls through the containers: one that is allowed, and one that is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from examples.demo.agent import MODES, TIMEOUT_SECONDS, http_client, text_of
from examples.demo.identity.own import OwnIssuer

AGENT, USER = "research-agent", "alice"
CALLS: tuple[tuple[str, dict[str, Any], bool], ...] = (
    ("read_page", {"path": "/workspace/tides"}, True),
    ("read_page", {"path": "/workspace/../etc/shadow"}, False),
)
"""Tool, arguments, and whether it is to be answered."""


async def ask(pki: Path, envoy: str, idp: str) -> int:
    """Make the calls and tell what came back; 0 if each went as it should."""
    token = await OwnIssuer(idp).log_in(USER)
    went = []
    async with http_client(AGENT, token, {}, pki) as http:
        transport = streamable_http_client(f"{envoy}/mcp", http_client=http)
        async with Client(
            transport, mode=MODES[AGENT], read_timeout_seconds=TIMEOUT_SECONDS
        ) as client:
            for name, arguments, wanted in CALLS:
                result = await client.call_tool(name, arguments)
                said = "refused" if result.is_error else "answered"
                print(f"{AGENT} for {USER}: {name} {arguments}: {said}: {text_of(result)}")
                went.append(result.is_error is not wanted)
    return 0 if all(went) else 1
