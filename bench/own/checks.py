"""Checks about the heart of a world, as an Envoy would send them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from authz._proto.external_auth_pb2 import CheckRequest
from authz.model.instant import Instant
from bench.own.worlds import GATE, ISSUER, ISSUER_KEY, TRUST_DOMAIN
from tests.support.keys import sign

NOW = Instant(1_780_480_800)
"""The instant of every decision here: Wednesday, 2026-06-03, 10:00 UTC."""

LISTENER = "out"
USER = "user-1"


def token_of(user: str = USER, number: int = 0, **claims: object) -> str:
    """Sign the access token *number* of *user*, who is in the group of the role of the heart."""
    said = {
        "iss": ISSUER,
        "sub": user,
        "aud": GATE,
        "client_id": "web-portal",
        "iat": NOW - 10,
        "exp": NOW + 3600,
        "jti": f"token-{number:08}",
        "scope": "docs:read docs:write",
        "groups": ["group-0"],
        **claims,
    }
    header = {"alg": "ES256", "typ": "at+jwt", "kid": ISSUER_KEY}
    return sign(ISSUER_KEY, header, json.dumps(said).encode())


def tool_call(name: str, **arguments: object) -> bytes:
    """Give the body that calls a tool."""
    return message("tools/call", name=name, arguments=arguments)


def message(method: str, **params: object) -> bytes:
    """Give a JSON-RPC request."""
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    # Without blanks, as clients of MCP write it.
    return json.dumps(message, separators=(",", ":")).encode()


def check(
    body: bytes, token: str | None, target: str = "tools/docs", agent: str = "caller"
) -> bytes:
    """Give the Check for a POST of *body* to *target* by an agent of the fleet."""
    namespace, name = target.split("/")
    request = CheckRequest()
    attributes = request.attributes
    attributes.source.principal = f"{TRUST_DOMAIN}/ns/fleet/sa/{agent}"
    attributes.source.address.socket_address.address = "10.1.2.3"
    attributes.context_extensions["target"] = target
    http = attributes.request.http
    http.id, http.method = "1", "POST"
    http.host = f"{name}.{namespace}.svc.cluster.local"
    http.path = "/mcp" if namespace == "tools" else "/"
    http.headers.update(_headers(token))
    http.raw_body, http.size = body, len(body)
    return request.SerializeToString()


def _headers(token: str | None) -> Mapping[str, str]:
    """Give what a client of MCP and an Envoy in front say."""
    headers: dict[str, Any] = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "user-agent": "python-httpx/0.28.1",
        "mcp-session-id": "0b8a0a3e4a7d4d0c9a5be2f0f6a4e6b1",
        "x-request-id": "7c0d5a38-6b8e-4c9f-9d86-0f4f2a1f2d11",
        "x-forwarded-proto": "https",
    }
    return headers if token is None else {**headers, "authorization": f"Bearer {token}"}
