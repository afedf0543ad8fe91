"""The client of PyPI's `mcp` 1.x: `python -m tests.clients.drivers.py1`, in its own environment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from mcp.client.session import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from mcp.types import EmptyResult, TextContent
from pydantic import AnyUrl, BaseModel

from tests.clients.drivers.lines import Connection, serve


class Anything(BaseModel):
    """A message of a method that this version does not know."""

    method: str


@dataclass(frozen=True)
class Py1:
    """An open session."""

    client: ClientSession
    version: str

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> tuple[str, bool]:
        """See `lines.Session`."""
        result = await self.client.call_tool(tool, dict(arguments))
        text = " ".join(part.text for part in result.content if isinstance(part, TextContent))
        return text, result.isError

    async def prompt(self, name: str) -> None:
        """See `lines.Session`."""
        await self.client.get_prompt(name)

    async def resource(self, uri: str) -> None:
        """See `lines.Session`."""
        await self.client.read_resource(AnyUrl(uri))

    async def request(self, method: str) -> None:
        """See `lines.Session`."""
        await self.client.send_request(Anything(method=method), EmptyResult)

    async def notify(self, method: str) -> None:
        """See `lines.Session`."""
        await self.client.send_notification(Anything(method=method))


@asynccontextmanager
async def opened(connection: Connection) -> AsyncIterator[Py1]:
    """Open a session; there is one era, so `mode` says nothing."""
    factory = _factory(connection)
    async with (
        streamablehttp_client(connection.url, httpx_client_factory=factory) as (read, write, _),
        ClientSession(read, write) as client,
    ):
        result = await client.initialize()
        yield Py1(client, str(result.protocolVersion))


def _factory(connection: Connection) -> Any:
    async def prepare(request: httpx.Request) -> None:
        connection.outgoing.apply(request.method, request.headers)

    def make(headers: Any = None, timeout: Any = None, auth: Any = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            headers=headers, timeout=timeout, auth=auth, verify=connection.tls, trust_env=False,
            event_hooks={"request": [prepare]},
        )  # fmt: skip

    return make


if __name__ == "__main__":
    serve(opened)
