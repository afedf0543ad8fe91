"""An Envoy in front of a server: the hop that every call of an agent makes.

It answers by itself what its filters let through, so that no upstream is measured.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.peers.places import GENERATOR_CORE, LOOPBACK, free_port
from bench.peers.running import Running, running
from bench.scenario import TARGET
from examples.edge.envoy import binary

API = "type.googleapis.com/envoy.extensions"
EXT_AUTHZ = "envoy.filters.http.ext_authz"
MAX_BODY = 262_144


@contextmanager
def in_front_of(port: int | None, folder: Path) -> Iterator[tuple[str, Running]]:
    """Run an Envoy that asks the server at *port*, or nobody; give its address and process."""
    folder.mkdir(parents=True, exist_ok=True)
    listening, config = free_port(), folder / "envoy.json"
    config.write_text(json.dumps(_bootstrap(listening, port)))
    command = [
        str(binary()), "--config-path", str(config), "--concurrency", "1",
        "--disable-hot-restart", "--log-level", "error",
    ]  # fmt: skip
    # The server's core is the server's alone: Envoy shares that of the load generator.
    with running(command, GENERATOR_CORE, listening, folder / "envoy.log") as envoy:
        yield f"{LOOPBACK}:{listening}", envoy


def _bootstrap(listening: int, server: int | None) -> dict[str, Any]:
    filters = [_buffer() if server is None else _ext_authz()]
    route: dict[str, Any] = {"match": {"prefix": "/"}, "direct_response": {"status": 204}}
    if server is not None:
        route["typed_per_filter_config"] = {
            EXT_AUTHZ: {
                "@type": f"{API}.filters.http.ext_authz.v3.ExtAuthzPerRoute",
                "check_settings": {"context_extensions": {"target": TARGET}},
            }
        }
    manager = {
        "@type": f"{API}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "route_config": {
            "virtual_hosts": [{"name": "bench", "domains": ["*"], "routes": [route]}],
        },
        "http_filters": [
            *filters,
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{API}.filters.http.router.v3.Router"},
            },
        ],
    }
    chain = {"filters": [{"name": "manager", "typed_config": manager}]}
    listener = {"name": "bench", "address": _address(listening), "filter_chains": [chain]}
    clusters = [] if server is None else [_cluster(server)]
    return {"static_resources": {"listeners": [listener], "clusters": clusters}}


def _buffer() -> dict[str, Any]:
    # Without it Envoy would answer before it has read the body, which ext_authz waits for.
    name = "envoy.filters.http.buffer"
    config = {"@type": f"{API}.filters.http.buffer.v3.Buffer", "max_request_bytes": MAX_BODY}
    return {"name": name, "typed_config": config}


def _ext_authz() -> dict[str, Any]:
    return {
        "name": EXT_AUTHZ,
        "typed_config": {
            "@type": f"{API}.filters.http.ext_authz.v3.ExtAuthz",
            "transport_api_version": "V3",
            "grpc_service": {"envoy_grpc": {"cluster_name": "server"}, "timeout": "2s"},
            # What is not answered counts as an error of the run, never as a refusal.
            "status_on_error": {"code": "ServiceUnavailable"},
            "with_request_body": {"max_request_bytes": MAX_BODY},
        },
    }


def _cluster(port: int) -> dict[str, Any]:
    options = f"{API}.upstreams.http.v3.HttpProtocolOptions"
    endpoint = {"endpoint": {"address": _address(port)}}
    return {
        "name": "server",
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": options,
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": "server", "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    }  # fmt: skip


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": LOOPBACK, "port_value": port}}
