"""The official MCP client logs its user in by itself, where its server answers with a challenge.

    mounts = {"https://docs.tools.example": AtLoopback(port, tls)}
    async with httpx2.AsyncClient(auth=oauth(url, Browser("alice")), mounts=mounts) as http:
        streamable_http_client(url, http_client=http)

Everything is the SDK's: metadata (RFC 9728, RFC 8414), registration (RFC 7591),
code with PKCE, `resource` (RFC 8707), and the wider login that cures `403
insufficient_scope`. Only the page with the form is answered by a script.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping

import httpx2
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

from examples.idp.login import REDIRECT, Browser, LoginRefused


class KeptTokens:
    """What the client has been given, in memory: a new one starts with nothing."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """Give the tokens of the last login."""
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep the tokens of a login."""
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Give what the provider registered."""
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep what the provider registered."""
        self.client = client_info


def oauth(server_url: str, browser: Browser, kept: KeptTokens | None = None) -> OAuthClientProvider:
    """
    Give the `auth` of an HTTP client that talks to the MCP server at *server_url*.

    *server_url* must lie under the `resource` that the server's metadata names.
    A user who says no ends the request with `LoginRefused`.
    """
    sent_back: list[dict[str, str]] = []

    async def show(url: str) -> None:
        sent_back.append(await asyncio.to_thread(browser.visit, url))

    async def answer() -> AuthorizationCodeResult:
        back = sent_back.pop()
        if "code" not in back:
            raise LoginRefused(f"{back['error']}: {back.get('error_description')}")
        return AuthorizationCodeResult(
            code=back["code"], state=back.get("state"), iss=back.get("iss")
        )

    return OAuthClientProvider(
        server_url,
        OAuthClientMetadata(client_name="an agent", redirect_uris=[AnyUrl(REDIRECT)]),
        kept or KeptTokens(),
        redirect_handler=show,
        callback_handler=answer,
    )


class AtLoopback(httpx2.AsyncHTTPTransport):
    """
    Connects to a port of loopback, whatever host the URL names.

    The client, its challenges and its tokens speak of the server by its public
    URL; TLS is checked against 127.0.0.1. What is asked for on the way to a
    login lacks the client's own headers: *headers* are set on every request,
    `host` too if a route wants another. For a client's `mounts`, by origin.
    """

    def __init__(
        self,
        port: int,
        tls: ssl.SSLContext | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(verify=tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        self._port = port
        self._headers = dict(headers or {})

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send *request* to the port."""
        return await super().handle_async_request(
            httpx2.Request(
                request.method,
                request.url.copy_with(host="127.0.0.1", port=self._port),
                headers=httpx2.Headers(request.headers) | self._headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )
