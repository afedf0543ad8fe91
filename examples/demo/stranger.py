"""Somebody who is no Envoy asks the gate itself, in the hope of a token."""

from __future__ import annotations

from dataclasses import dataclass

import grpc

from authz._proto.external_auth_pb2 import CheckRequest, CheckResponse
from authz._proto.external_auth_pb2_grpc import AuthorizationStub
from examples.demo.places import AGENT_IDS, PKI, TOOL_HOST

TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Turned:
    """How the gate turned the stranger away."""

    status: int
    """HTTP status of the answer to the Check."""

    decision: str
    has_token: bool


def ask(port: int, agent: str, token: str) -> Turned:
    """Send the Check that Envoy would send for *agent*, with the agent's own certificate."""
    roots, key, certificate = (
        (PKI / name).read_bytes() for name in ("roots.pem", f"{agent}.key", f"{agent}.pem")
    )
    credentials = grpc.ssl_channel_credentials(roots, key, certificate)
    with grpc.secure_channel(f"127.0.0.1:{port}", credentials) as channel:
        check = AuthorizationStub(channel).Check  # type: ignore[no-untyped-call]
        response: CheckResponse = check(_pretended(agent, token), timeout=TIMEOUT_SECONDS)
    headers = {row.header.key: row.header.value for row in response.denied_response.headers}
    return Turned(
        status=response.denied_response.status.code,
        decision=headers.get("x-narrowgate-decision", ""),
        has_token=response.status.code == 0 or bool(response.ok_response.headers),
    )


def _pretended(agent: str, token: str) -> CheckRequest:
    request = CheckRequest()
    attributes = request.attributes
    attributes.source.principal = AGENT_IDS[agent]
    attributes.context_extensions["target"] = "tools/docs"
    http = attributes.request.http
    http.method, http.path, http.host = "GET", "/mcp", TOOL_HOST
    http.headers["authorization"] = f"Bearer {token}"
    return request
