"""An Envoy that says who its peer is as a waypoint or a sidecar does, in all ways at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from examples.edge.certificates import Authority

XFCC = "x-forwarded-client-cert"

Change = Callable[[dict[str, Any], dict[str, Any]], None]
"""Changes the connection manager, and the filter that asks."""


def sanitize_set(manager: dict[str, Any], asking: dict[str, Any]) -> None:
    """Let Envoy say who asks in every way that there is, and take nothing that a client says."""
    manager["forward_client_cert_details"] = "SANITIZE_SET"
    manager["set_current_client_cert_details"] = {"uri": True, "subject": True}
    asking["include_peer_certificate"] = True
    asking["grpc_service"]["initial_metadata"] = [
        {"key": "x-peer-principal", "value": "%DOWNSTREAM_PEER_URI_SAN%"},
        {"key": "x-caller", "value": "%DOWNSTREAM_PEER_URI_SAN%"},
        {"key": "x-self", "value": "%DOWNSTREAM_LOCAL_URI_SAN%"},
    ]


def append_forward(manager: dict[str, Any], asking: dict[str, Any]) -> None:
    """Let Envoy write behind what its client wrote, as a sidecar of Istio does."""
    sanitize_set(manager, asking)
    manager["forward_client_cert_details"] = "APPEND_FORWARD"


def make_waypoint(
    bootstrap: dict[str, Any], authority: Authority, identity: str, change: Change = sanitize_set
) -> None:
    """Give the Envoy of *bootstrap* the certificate of *identity*, and let it say who asks."""
    (chain,) = bootstrap["static_resources"]["listeners"][0]["filter_chains"]
    certificate, key = authority.issue("waypoint", identity)
    chain["transport_socket"]["typed_config"]["common_tls_context"]["tls_certificates"] = [
        {
            "certificate_chain": {"filename": str(certificate)},
            "private_key": {"filename": str(key)},
        }
    ]
    manager = chain["filters"][0]["typed_config"]
    strip, asking, *_ = manager["http_filters"]
    rules = strip["typed_config"]["mutations"]["request_mutations"]
    # A waypoint sets this header before it asks, so nothing may take it away again.
    rules.remove({"remove": XFCC})
    change(manager, asking["typed_config"])
