"""istiod itself, with the mesh configuration of `istio/`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tools.istio.kit import ISTIOCTL, ISTIOD, output
from tools.istio.manifests import mesh_values, only, parsed
from tools.istio.proof.children import answers, running
from tools.istio.proof.cluster import Cluster

XDS_PORT = 15010
STOCK: dict[str, str] = {
    "PILOT_ENABLE_ALPN_FILTER": "false",
    "PILOT_ENABLE_METADATA_EXCHANGE": "false",
}
"""Filters that only Istio's own build of Envoy has; here a stock one runs."""

ACCESS_LOG = {
    "accessLogFile": "/dev/stdout",
    "accessLogEncoding": "JSON",
    "accessLogFormat": '{"case": "%REQ(X-CASE)%", "code": "%RESPONSE_CODE%", "details":'
    ' "%RESPONSE_CODE_DETAILS%", "policy": "%CONNECTION_TERMINATION_DETAILS%"}\n',
}


def operator() -> dict[str, Any]:
    """Give an installation of the ambient profile with our mesh configuration."""
    mesh = {**mesh_values()["meshConfig"], **ACCESS_LOG, "defaultProviders": {"metrics": []}}
    return {
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "spec": {"profile": "ambient", "meshConfig": mesh},
    }


@contextmanager
def istiod(cluster: Cluster, folder: Path) -> Iterator[None]:
    """Run istiod against *cluster*; it takes its configuration from there, as in any cluster."""
    folder.mkdir()
    settings = folder / "operator.yaml"
    settings.write_text(yaml.safe_dump(operator()))
    generated = parsed(output(ISTIOCTL, "manifest", "generate", "-f", str(settings)))
    # Its mesh configuration, and the templates by which it makes gateways and waypoints.
    cluster.apply(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}},
            *only(generated, "ConfigMap"),
        ]
    )
    command = [
        str(ISTIOD.path), "discovery", f"--kubeconfig={cluster.kubeconfig}",
        f"--grpcAddr=127.0.0.1:{XDS_PORT}", "--httpAddr=127.0.0.1:15080",
        "--httpsAddr=127.0.0.1:15017", "--secureGRPCAddr=127.0.0.1:15012",
        "--monitoringAddr=127.0.0.1:15014", "--ctrlz_port=0",
    ]  # fmt: skip
    environment = {
        "POD_NAME": "istiod-1",
        "POD_NAMESPACE": "istio-system",
        "SERVICE_ACCOUNT": "istiod",
        "REVISION": "default",
        "CLUSTER_ID": "Kubernetes",
        "ISTIOD_CUSTOM_HOST": "localhost",
        "PILOT_ENABLE_AMBIENT": "true",
        "CA_TRUSTED_NODE_ACCOUNTS": "istio-system/ztunnel",
        **STOCK,
    }
    ready = answers("http://127.0.0.1:15080/ready")
    with running(command, folder / "istiod.log", ready, environment):
        yield
