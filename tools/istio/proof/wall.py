"""Who may send Checks to the gate: what its own sidecar lets by, on each of its ports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import grpc

from examples.edge.certificates import Authority
from tools.istio.proof.cases import PLACES, PLANNER, Mode

CHECK = "/envoy.service.auth.v3.Authorization/Check"
TIMEOUT_SECONDS = 10
PORTS = {Mode.GATEWAY: 9001, Mode.SIDECAR: 9002, Mode.WAYPOINT: 9003}


@dataclass(frozen=True)
class Attempt:
    """Somebody who asks the gate by one of its ports."""

    who: str
    """SPIFFE ID in the certificate that is shown."""

    port: int
    is_let_in: bool


def attempts() -> Iterator[Attempt]:
    """Give every proxy at every port, and the agent itself."""
    askers = {place.proxy: PORTS[mode] for mode, place in PLACES.items()} | {PLANNER: 0}
    for who, own in askers.items():
        for port in PORTS.values():
            yield Attempt(who, port, port == own)


def is_let_in(attempt: Attempt, authority: Authority, address: str) -> bool:
    """Say whether the gate was heard: it answers a Check of nothing with a refusal of its own."""
    certificate, key = authority.issue("asker", attempt.who)
    shown = grpc.ssl_channel_credentials(
        authority.roots.read_bytes(), key.read_bytes(), certificate.read_bytes()
    )
    # The name in the sidecar's certificate is a SPIFFE ID; the authority is what counts here.
    options = [("grpc.ssl_target_name_override", "127.0.0.1")]
    with grpc.secure_channel(f"{address}:{attempt.port}", shown, options) as channel:
        try:
            channel.unary_unary(CHECK, bytes, bytes)(b"", timeout=TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.PERMISSION_DENIED:
                raise
            return False
        return True
