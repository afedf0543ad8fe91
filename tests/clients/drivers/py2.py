"""The client of PyPI's `mcp` 2.x, in both eras: `python -m tests.clients.drivers.py2`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import EmptyResult, Notification, Request, TextContent

from tests.clients.drivers.lines import Connection, serve


@dataclass(frozen=True)
class Py2:
    """An open session."""

    client: Client
    version: str

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> tuple[str, bool]:
        """See `lines.Session`."""
        result = await self.client.call_tool(tool, dict(arguments))
        text = " ".join(part.text for part in result.content if isinstance(part, TextContent))
        return text, bool(result.is_error)

    async def prompt(self, name: str) -> None:
        """See `lines.Session`."""
        await self.client.get_prompt(name)

    async def resource(self, uri: str) -> None:
        """See `lines.Session`."""
        await self.client.read_resource(uri)

    async def request(self, method: str) -> None:
        """See `lines.Session`."""
        request = Request[None, str](method=method, params=None)
        await self.client.session.send_request(request, EmptyResult)

    async def notify(self, method: str) -> None:
        """See `lines.Session`."""
        notification = Notification[None, str](method=method, params=None)
        await self.client.session.send_notification(cast("Any", notification))


@asynccontextmanager
async def opened(connection: Connection) -> AsyncIterator[Py2]:
    """Open a session in the era of the connection's `mode`."""

    async def prepare(request: httpx2.Request) -> None:
        connection.outgoing.apply(request.method, request.headers)

    mode: Literal["auto", "legacy"] = "auto" if connection.mode == "modern" else "legacy"
    async with (
        httpx2.AsyncClient(
            verify=connection.tls, trust_env=False, event_hooks={"request": [prepare]}
        ) as http,
        Client(streamable_http_client(connection.url, http_client=http), mode=mode) as client,
    ):
        yield Py2(client, client.protocol_version)


if __name__ == "__main__":
    serve(opened)
