"""The scenario's access tokens, and the Checks that an Envoy would send with them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authz._proto.external_auth_pb2 import CheckRequest
from bench.scenario import AUDIENCE, HOST, ISSUER, KEY, PATH, TARGET, User
from tests.support.keys import sign

TOKEN_HOURS = 24
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": KEY}


@dataclass(frozen=True)
class Clock:
    """The instant that a corpus is made for; its tokens live for `TOKEN_HOURS`."""

    now: int

    @classmethod
    def started(cls) -> Clock:
        """Give the clock of a corpus that is made now."""
        return cls(int(time.time()))


def claims_of(user: User, clock: Clock, **changed: Any) -> dict[str, Any]:
    """Give the claims of *user*'s token; what is changed to None is left out."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": user.subject,
        "client_id": user.agent,
        "iat": clock.now - 30,
        "exp": clock.now + TOKEN_HOURS * 3600,
        "jti": f"token-of-{user.subject}",
        "scope": "openid tools",
        "roles": list(user.roles),
        **changed,
    }
    return {name: value for name, value in claims.items() if value is not None}


def token_of(claims: Mapping[str, Any], *, key: str = KEY, **header: Any) -> str:
    """Sign *claims* with the key of that name; *header* is what differs from `HEADER`."""
    return sign(key, {**HEADER, **header}, json.dumps(claims, separators=(",", ":")).encode())


def body_of(tool: str, number: int, method: str = "tools/call") -> str:
    """Give the JSON-RPC message (MCP 2025-11-25) that calls *tool*; *number* is its id."""
    arguments = {"query": "quarterly numbers for the northern region", "limit": 20}
    params = {"name": tool, "arguments": arguments, "_meta": {"progressToken": number}}
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return json.dumps(message, separators=(",", ":"))


def headers_of(number: int, size: int, token: str | None) -> dict[str, str]:
    """Give what a client of MCP sends beside the body, and what Envoy adds."""
    bearer = {} if token is None else {"authorization": f"Bearer {token}"}
    return {
        ":authority": HOST,
        ":method": "POST",
        ":path": PATH,
        ":scheme": "http",
        "accept": "application/json, text/event-stream",
        "accept-encoding": "gzip, deflate",
        "content-length": str(size),
        "content-type": "application/json",
        "mcp-protocol-version": "2025-11-25",
        "mcp-session-id": f"{number % 997:032x}",
        "traceparent": f"00-{number + 1:032x}-{number + 1:016x}-01",
        "user-agent": "python-httpx/0.28.1",
        "x-forwarded-proto": "http",
        "x-request-id": f"00000000-0000-4000-8000-{number:012x}",
        **bearer,
    }


def check_of(token: str | None, body: str, number: int, **headers: str) -> CheckRequest:
    """
    Write the Check of one call; *headers* are those that differ, with `_` for `-`.

    There is no TLS identity in it: the agent is who the token was given to. The body is sent
    as text, as Envoy does unless it is told otherwise: as bytes it would cost OPA an encoding.
    """
    sent = body.encode()
    request = CheckRequest()
    attributes = request.attributes
    attributes.context_extensions["target"] = TARGET
    source, destination = attributes.source.address, attributes.destination.address
    source.socket_address.address = "10.42.0.17"
    source.socket_address.port_value = 40_000 + number % 20_000
    destination.socket_address.address, destination.socket_address.port_value = "10.42.1.9", 8080
    attributes.request.time.GetCurrentTime()
    http = attributes.request.http
    http.id, http.method, http.path, http.host = str(number), "POST", PATH, HOST
    http.scheme, http.protocol, http.size = "http", "HTTP/1.1", len(sent)
    http.headers.update(headers_of(number, len(sent), token))
    http.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    http.body = body
    return request
