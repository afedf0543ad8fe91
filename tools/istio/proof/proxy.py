"""A stock Envoy that takes everything from istiod: listeners, routes, clusters and filters."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.edge.envoy import binary
from tools.istio.manifests import Manifest
from tools.istio.proof.children import ChildFailed, running, until
from tools.istio.proof.control import XDS_PORT

_ADS = {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"}
_HTTP2 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
}


@dataclass(frozen=True)
class Proxy:
    """One proxy of the mesh."""

    kind: str
    """`sidecar`, `router` (an ingress gateway) or `waypoint`."""

    pod: Manifest
    address: str
    admin: int
    """Port on loopback."""

    complete: str = "narrowgate.strip"
    """What is in its listeners when they are complete."""

    def bootstrap(self, secrets: Path) -> dict[str, Any]:
        """Give what istio-agent would start it with, but for what only Istio's own Envoy has."""
        meta = self.pod["metadata"]
        name, namespace = meta["name"], meta["namespace"]
        domain = f"{namespace}.svc.cluster.local"
        metadata = {
            "NAME": name,
            "NAMESPACE": namespace,
            "SERVICE_ACCOUNT": self.pod["spec"].get("serviceAccountName", "default"),
            "LABELS": meta["labels"],
            # As the pod's template says: so an annotation counts only if it came as far as there.
            "ANNOTATIONS": meta.get("annotations", {}),
            "INSTANCE_IPS": self.address,
            "ISTIO_VERSION": "1.31.0",
            "CLUSTER_ID": "Kubernetes",
            "MESH_ID": "cluster.local",
        }
        return {
            "node": {
                "id": f"{self.kind}~{self.address}~{name}.{namespace}~{domain}",
                "cluster": f"{name}.{namespace}",
                "metadata": metadata,
            },
            "admin": {"address": _tcp("127.0.0.1", self.admin)},
            # As in the bootstrap of Istio's proxies.
            "layered_runtime": {
                "layers": [
                    {"name": "static", "static_layer": {"re2.max_program_size.error_level": 32768}}
                ]
            },
            "dynamic_resources": {
                "lds_config": _ADS,
                "cds_config": _ADS,
                "ads_config": {
                    "api_type": "GRPC",
                    "transport_api_version": "V3",
                    "set_node_on_first_message_only": True,
                    "grpc_services": [{"envoy_grpc": {"cluster_name": "xds-grpc"}}],
                },
            },
            "bootstrap_extensions": [
                {
                    "name": "envoy.bootstrap.internal_listener",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.bootstrap"
                        ".internal_listener.v3.InternalListener"
                    },
                }
            ],
            "static_resources": {
                "clusters": [
                    _cluster("xds-grpc", _tcp("127.0.0.1", XDS_PORT)),
                    _cluster("sds-grpc", {"pipe": {"path": str(secrets)}}),
                ]
            },
        }


def _tcp(address: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": address, "port_value": port}}


def _cluster(name: str, address: Mapping[str, Any]) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": address}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": _HTTP2,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


@contextmanager
def envoy(proxy: Proxy, secrets: Path, folder: Path) -> Iterator[None]:
    """
    Run *proxy* until the block ends; the block begins when istiod's listeners are in force.

    Raises:
        ChildFailed: it did not come up, or did not take what istiod sent.
    """
    name = secrets.stem
    log = folder / f"{name}.log"
    with started(name, proxy.bootstrap(secrets), proxy.admin, folder):
        configured = f"what istiod should make of istio/ for {name}"
        until(lambda: proxy.complete in _listeners(proxy.admin), configured, log=log)
        _refuse_rejections(proxy.admin, name, log)
        yield
        _refuse_rejections(proxy.admin, name, log)


@contextmanager
def started(name: str, bootstrap: Mapping[str, Any], admin: int, folder: Path) -> Iterator[None]:
    """Run an Envoy with *bootstrap*; its access log is what it writes on standard output."""
    config, log = folder / f"{name}.json", folder / f"{name}.log"
    config.write_text(json.dumps(bootstrap, indent=1))
    command = [
        str(binary()), "--config-path", str(config), "--concurrency", "1", "--disable-hot-restart",
        "--log-level", "warning", "--file-flush-interval-msec", "20",
    ]  # fmt: skip
    with running(command, log, lambda: _get(admin, "/ready") is not None):
        yield


def _listeners(admin: int) -> str:
    return _get(admin, "/config_dump?resource=dynamic_listeners") or ""


def _refuse_rejections(admin: int, name: str, log: Path) -> None:
    for line in (_get(admin, "/stats?filter=update_rejected") or "").splitlines():
        if not line.endswith(": 0"):
            end = log.read_text()[-2000:]
            raise ChildFailed(f"{name} did not take all that istiod sent ({line}):\n{end}")


def _get(admin: int, path: str) -> str | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{admin}{path}", timeout=2) as answer:
            return str(answer.read().decode())
    except OSError:
        return None
