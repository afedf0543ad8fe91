"""The configuration of the Envoy that this program runs in; nothing is read or written.

Envoy has no administration interface, no cluster, and nothing it could call. It
starts with one listener that is bound nowhere: its filter starts Python, which
reads the world and then hands over the real listeners by a file (LDS). So a
world that does not load opens no address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authz.server.pyvoy.frames import HEAD, MAX_MESSAGE_BYTES

Resource = Mapping[str, Any]

LISTENERS = "listeners.json"
PEER = "x-narrowgate-peer"
"""Request header that Envoy writes: the URI names of the peer's certificate, joined by commas."""

ARRIVED = "x-narrowgate-arrived"
"""Request header that Envoy writes: when the call arrived, in seconds since 1970."""

MAX_METADATA_KIB = 1024
MAX_METADATA_ROWS = 8192
MAX_STREAMS = 512
"""Of one connection at a time; an Envoy before us keeps what is beyond, within its own limits."""

MAX_CONNECTIONS = 1024
RECEIVE_SECONDS = 10
"""For all of a request; then it is cut off. Whoever sends so slowly is no Envoy with a caller."""

SERVED_PATHS = r"[A-Za-z0-9._/]+"
"""Others are refused by Envoy itself: a path that is not UTF-8 would never be answered by pyvoy."""

_TYPES = "type.googleapis.com/"
_HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_TLS = "envoy.extensions.transport_sockets.tls.v3"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the parts of a front find each other."""

    folder: Path
    """Nobody else's; what Envoy and this program tell each other is in it."""

    module: Path
    """The shared object of pyvoy."""


def bootstrap(place: Place, app: str) -> Resource:
    """Give the configuration to start with: *app* (`module:name`) is loaded, nothing is served."""
    return {
        "node": {"id": "narrowgate", "cluster": "narrowgate"},
        "dynamic_resources": {"lds_config": _file(place.folder, LISTENERS)},
        "static_resources": {
            "listeners": [
                {
                    "name": "start",
                    "address": {"pipe": {"path": str(place.folder / "start.sock")}},
                    "bind_to_port": False,
                    **_serving(place, "start", app),
                }
            ]
        },
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": f"{_TYPES}envoy.extensions.resource_monitors"
                        ".downstream_connections.v3.DownstreamConnectionsConfig",
                        "max_active_downstream_connections": MAX_CONNECTIONS,
                    },
                }
            ]
        },
    }


def resources(each: Sequence[Resource], version: int) -> Resource:
    """Give what a file says that Envoy follows."""
    return {"version_info": str(version), "resources": list(each)}


def listener(
    place: Place, name: str, address: Resource, app: str, tls: Resource | None = None
) -> Resource:
    """Give a listener whose calls *app* answers."""
    return {
        "@type": f"{_TYPES}envoy.config.listener.v3.Listener",
        "name": name,
        "address": address,
        # Two processes must not share one address without saying so.
        "enable_reuse_port": False,
        # What one call may keep in Envoy: a message with its head, and what its window lets in.
        "per_connection_buffer_limit_bytes": MAX_MESSAGE_BYTES + HEAD + 1024 * 1024,
        **_serving(place, name, app, tls),
    }


def pipe(path: Path) -> Resource:
    """Give the address of a Unix socket, for its owner and the owner's group."""
    return {"pipe": {"path": str(path), "mode": 0o660}}


def port(host: str, number: int) -> Resource:
    """Give the address of a TCP port; *host* is an IP address."""
    return {"socket_address": {"address": host, "port_value": number}}


def mutual_tls(place: Place, own: str, roots: str) -> Resource:
    """Give TLS that shows the secret *own* and wants a certificate that one of *roots* signed."""
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": f"{_TYPES}{_TLS}.DownstreamTlsContext",
            "require_client_certificate": True,
            "common_tls_context": {
                "alpn_protocols": ["h2"],
                "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
                "tls_certificate_sds_secret_configs": [_secret(place, own)],
                "validation_context_sds_secret_config": _secret(place, roots),
            },
        },
    }


def own_certificate(name: str, chain: str, key: Path) -> Resource:
    """Give a secret: a certificate with its key, which stays in its file."""
    pair = {"certificate_chain": {"inline_string": chain}, "private_key": {"filename": str(key)}}
    return {"@type": f"{_TYPES}{_TLS}.Secret", "name": name, "tls_certificate": pair}


def authorities(name: str, roots: str) -> Resource:
    """Give a secret: the certificates of authorities."""
    context = {"trusted_ca": {"inline_string": roots}}
    return {"@type": f"{_TYPES}{_TLS}.Secret", "name": name, "validation_context": context}


def secret_file(name: str) -> str:
    """Give the name of the file that holds the secret *name*."""
    return f"{name}.secret.json"


def _secret(place: Place, name: str) -> Resource:
    return {"name": name, "sds_config": _file(place.folder, secret_file(name))}


def _file(folder: Path, name: str) -> Resource:
    source = {"path": str(folder / name), "watched_directory": {"path": str(folder)}}
    return {"path_config_source": source, "resource_api_version": "V3"}


def _serving(place: Place, name: str, app: str, tls: Resource | None = None) -> Resource:
    manager = {
        "@type": f"{_TYPES}{_HCM}",
        "stat_prefix": name,
        "codec_type": "HTTP2",
        "http2_protocol_options": {
            "max_concurrent_streams": MAX_STREAMS,
            "use_oghttp2_codec": True,
        },
        "common_http_protocol_options": {"max_headers_count": MAX_METADATA_ROWS},
        "max_request_headers_kb": MAX_METADATA_KIB,
        "request_timeout": f"{RECEIVE_SECONDS}s",
        # A health check that watches is silent for long.
        "stream_idle_timeout": "0s",
        "generate_request_id": False,
        "preserve_external_request_id": True,
        # Metadata is handed on as it came: a waypoint may write any of these.
        "forward_client_cert_details": "ALWAYS_FORWARD_ONLY",
        "server_header_transformation": "PASS_THROUGH",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"]}]},
        "http_filters": [_only_paths(), _facts(), _python(place, app)],
    }
    chain: dict[str, Any] = {
        "filters": [
            {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
        ]
    }
    if tls is not None:
        chain["transport_socket"] = tls
    return {"filter_chains": [chain]}


def _only_paths() -> Resource:
    regex = {"regex": SERVED_PATHS}
    return {
        "name": "paths",
        "typed_config": {
            "@type": f"{_TYPES}envoy.extensions.filters.http.rbac.v3.RBAC",
            "rules": {
                "action": "ALLOW",
                "policies": {
                    "paths": {
                        "permissions": [{"url_path": {"path": {"safe_regex": regex}}}],
                        "principals": [{"any": True}],
                    }
                },
            },
        },
    }


def _facts() -> Resource:
    """Give the filter that writes what only Envoy knows, over whatever the peer wrote there."""
    facts = {PEER: "%DOWNSTREAM_PEER_URI_SAN%", ARRIVED: "%START_TIME(%s.%6f)%"}
    mutations: list[Resource] = [{"remove": name} for name in facts]
    for name, value in facts.items():
        header = {"key": name, "value": value}
        action = "OVERWRITE_IF_EXISTS_OR_ADD"
        mutations.append({"append": {"header": header, "append_action": action}})
    return {
        "name": "facts",
        "typed_config": {
            "@type": f"{_TYPES}envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
            "mutations": {"request_mutations": mutations},
        },
    }


def _python(place: Place, app: str) -> Resource:
    config = {"app": app, "interface": "asgi", "lifespan": False, "worker_threads": 1}
    return {
        "name": "python",
        "typed_config": {
            "@type": f"{_TYPES}envoy.extensions.filters.http.dynamic_modules.v3"
            ".DynamicModuleFilter",
            "dynamic_module_config": {"module": {"local": {"filename": str(place.module)}}},
            "filter_name": "pyvoy",
            "terminal_filter": True,
            "filter_config": {
                "@type": f"{_TYPES}google.protobuf.StringValue",
                "value": json.dumps(config),
            },
        },
    }
