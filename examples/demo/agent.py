"""An agent: the official MCP client, with a certificate of its own and its user's token.

    python -m examples.demo.agent research-agent alice search '{"query": "tides"}'

calls one tool through the running demo (`make demo KEEP=1`) and prints the answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from mcp import Client
from mcp.client.client import ConnectMode
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, TextContent
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from examples.demo.identity.choice import RUNNING
from examples.demo.identity.port import IdentityProvider
from examples.demo.issuer import USERS
from examples.demo.places import AGENT_IDS, FOLDER, PKI, RECORDS, ROOT, TOOL_HOST

TIMEOUT_SECONDS = 20

MODES: Mapping[str, ConnectMode] = {"research-agent": "auto", "assistant": "legacy"}
"""One agent speaks the newest revision, the other one of before 2026."""


@dataclass(frozen=True)
class Doors:
    """Where an agent knocks: at Envoy, and where its user logs in."""

    envoy: int
    """A port of loopback."""

    idp: IdentityProvider

    @property
    def url(self) -> str:
        """The tool's URL at Envoy."""
        return f"https://127.0.0.1:{self.envoy}/mcp"

    def save(self) -> None:
        """Leave them for the command below."""
        idp = {"kind": self.idp.kind, "members": vars(self.idp)}
        (FOLDER / "doors.json").write_text(json.dumps({"envoy": self.envoy, "idp": idp}))

    @classmethod
    def saved(cls) -> Doors:
        """Give those of the demo that runs."""
        saved = json.loads((FOLDER / "doors.json").read_text())
        idp = saved["idp"]
        return cls(saved["envoy"], RUNNING[idp["kind"]](**idp["members"]))


def http_client(
    agent: str, token: str, headers: Mapping[str, str], pki: Path = PKI
) -> httpx2.AsyncClient:
    """Give an HTTP client with the certificate of *agent* in *pki* and a user's *token*."""
    tls = ssl.create_default_context(cafile=str(pki / "roots.pem"))
    tls.load_cert_chain(pki / f"{agent}.pem", pki / f"{agent}.key")
    sent = {"host": TOOL_HOST, "authorization": f"Bearer {token}", **headers}
    return httpx2.AsyncClient(verify=tls, headers=sent, timeout=TIMEOUT_SECONDS)


@asynccontextmanager
async def session(
    agent: str, user: str, doors: Doors, headers: Mapping[str, str] | None = None
) -> AsyncIterator[Client]:
    """Log *user* in and open an MCP session of *agent* for that user, through Envoy."""
    token = await doors.idp.log_in(user)
    async with http_client(agent, token, headers or {}) as http:
        transport = streamable_http_client(doors.url, http_client=http)
        async with Client(
            transport, mode=MODES[agent], read_timeout_seconds=TIMEOUT_SECONDS
        ) as client:
            yield client


def text_of(result: CallToolResult) -> str:
    """Give what a model would read of a tool's result."""
    return " ".join(part.text for part in result.content if isinstance(part, TextContent))


def switch_tracing_on() -> None:
    """Let the SDK trace its calls: it puts `traceparent` into `_meta` of each."""
    trace.set_tracer_provider(TracerProvider())


async def _call(agent: str, user: str, tool: str, arguments: dict[str, object]) -> None:
    try:
        async with session(agent, user, Doors.saved()) as client:
            result = await client.call_tool(tool, arguments)
            text = text_of(result)
            refused = text.startswith(("Denied", "Pending"))
            said = "the gate refused" if refused else "the tool failed"
            print(f"{said if result.is_error else 'the tool answered'}: {text}")
    except* MCPError as errors:
        # Where not even a session is opened: an agent that is suspended, say.
        print(f"the gate refused: {_first(errors)}")
    print(f"why: {RECORDS.relative_to(ROOT)} has a line for this decision")


def _first(errors: BaseExceptionGroup[MCPError]) -> MCPError:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def main() -> None:
    """Make one call, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo.agent", description=__doc__)
    parser.add_argument("agent", choices=AGENT_IDS)
    parser.add_argument("user", choices=USERS)
    parser.add_argument("tool")
    parser.add_argument("arguments", type=json.loads)
    given = parser.parse_args()
    switch_tracing_on()
    asyncio.run(_call(given.agent, given.user, given.tool, given.arguments))


if __name__ == "__main__":
    main()
