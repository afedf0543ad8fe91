"""The official MCP client's OAuth, against the provider and a resource server that challenges."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx2
import jwt
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from examples.idp.login import Browser, LoginRefused
from examples.idp.mcp_oauth import AtLoopback, KeptTokens, oauth
from examples.idp.provider import Provider
from tests.support.idp import published
from tests.support.upstream import Upstream

ORIGIN = "https://tool.example.org"
URL = f"{ORIGIN}/mcp"
METADATA = f"{ORIGIN}/.well-known/oauth-protected-resource/mcp"

DISCOVERY = "/.well-known/oauth-authorization-server"
CLIENTS = {DISCOVERY, "/reg", "/auth", "/token"}
"""What the client asks the provider, but for the hops of its login."""


@dataclass
class Tool:
    """A resource server: `GET` wants `docs:read`, `POST` wants `docs:write`."""

    idp: Provider
    tokens: list[dict[str, Any]] = field(default_factory=list)
    """The claims of every token that it took."""

    def application(self) -> Starlette:
        """Give it as an ASGI application."""
        routes = [
            Route("/mcp", self._serve, methods=["GET", "POST"]),
            Route(METADATA.removeprefix(ORIGIN), self._metadata),
        ]
        return Starlette(routes=routes)

    async def _metadata(self, _request: Request) -> Response:
        return JSONResponse({"resource": URL, "authorization_servers": [self.idp.issuer]})

    async def _serve(self, request: Request) -> Response:
        wanted = {"GET": "docs:read", "POST": "docs:write"}[request.method]
        challenge = f'resource_metadata="{METADATA}", scope="{wanted}"'
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not token:
            return Response(status_code=401, headers={"www-authenticate": f"Bearer {challenge}"})
        claims = jwt.decode(token, self._key(token), ["ES256"], audience=URL)
        if wanted not in claims["scope"].split():
            error = f'Bearer error="insufficient_scope", {challenge}'
            return Response(status_code=403, headers={"www-authenticate": error})
        self.tokens.append(claims)
        return JSONResponse({})

    def _key(self, token: str) -> jwt.PyJWK:
        key_id = jwt.get_unverified_header(token)["kid"]
        return jwt.PyJWKSet.from_dict({"keys": published(self.idp)})[key_id]


@pytest.fixture
def tool(idp: Provider) -> Tool:
    """A tool that the provider knows as a resource."""
    idp.control("resource", indicator=URL, scope="docs:read docs:write")
    return Tool(idp)


async def ask(tool: Tool, browser: Browser, kept: KeptTokens, *methods: str) -> list[int]:
    """Send requests one after the other by one client; give their statuses."""
    mounts = {ORIGIN: httpx2.ASGITransport(tool.application())}
    auth = oauth(URL, browser, kept)
    async with httpx2.AsyncClient(auth=auth, mounts=mounts, trust_env=False) as http:
        return [(await http.request(method, URL)).status_code for method in methods]


def test_login_and_wider_login(tool: Tool, idp: Provider) -> None:
    """A 401 is cured by registration and login, a 403 for its scope by a wider login; no more."""
    with Browser("alice") as browser:
        statuses = asyncio.run(ask(tool, browser, KeptTokens(), "GET", "POST", "GET"))
    seen = idp.control("seen")["requests"]
    asked = [row["path"] for row in seen if row["path"] in CLIENTS]
    grants = [row["form"]["resource"] for row in seen if row["path"] == "/token"]

    assert statuses == [200, 200, 200]
    assert asked == [DISCOVERY, "/reg", *["/auth", "/token"] * 2]
    assert grants == [URL, URL]
    assert [claims["sub"] for claims in tool.tokens] == ["alice"] * 3
    assert [claims["scope"] for claims in tool.tokens] == [
        "docs:read",
        "docs:read docs:write",
        "docs:read docs:write",
    ]


def test_registered_client(tool: Tool, idp: Provider) -> None:
    """The client registers itself (RFC 7591), and its tokens name that client."""
    kept = KeptTokens()
    with Browser("rita") as browser:
        asyncio.run(ask(tool, browser, kept, "GET"))

    assert kept.client is not None
    assert kept.client.issuer == idp.issuer
    assert [claims["client_id"] for claims in tool.tokens] == [kept.client.client_id]
    assert tool.tokens[0]["groups"] == ["reporters"]


def test_user_who_refuses(tool: Tool) -> None:
    """No login, no call."""
    with (
        Browser("alice", {"deny": "1"}) as browser,
        pytest.raises(LoginRefused, match="access_denied"),
    ):
        asyncio.run(ask(tool, browser, KeptTokens(), "GET"))

    assert tool.tokens == []


def test_user_who_agrees_to_less(tool: Tool) -> None:
    """A wider login that the user does not agree to leaves the call refused; nothing loops."""
    with Browser("alice", {"consent": "docs:read"}) as browser:
        statuses = asyncio.run(ask(tool, browser, KeptTokens(), "GET", "POST"))

    assert statuses == [200, 403]


@pytest.mark.parametrize(
    ("headers", "host"), [({}, "docs.example.org"), ({"Host": "docs", "x-a": "b"}, "docs")]
)
def test_at_loopback(headers: dict[str, str], host: str) -> None:
    """A server is reached on loopback under its public name, or the given one, body and all."""

    async def send(port: int) -> int:
        mounts = {"http://docs.example.org": AtLoopback(port, headers=headers)}
        async with httpx2.AsyncClient(mounts=mounts, trust_env=False) as http:
            answer = await http.post("http://docs.example.org/mcp?a=1", data={"b": "2"})
            return answer.status_code

    with Upstream() as upstream:
        status = asyncio.run(send(upstream.port))
    (seen,) = upstream.seen

    assert (status, seen.method, seen.path) == (200, "POST", "/mcp?a=1")
    assert (seen.by_name["host"], seen.by_name.get("x-a")) == (host, headers.get("x-a"))
    assert parse_qs(seen.body.decode()) == {"b": ["2"]}
