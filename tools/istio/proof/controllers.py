"""What controllers and a kubelet would do: pods for Deployments, endpoints for Services.

Just so much that istiod sees what it would see in a cluster.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tools.istio.manifests import Manifest
from tools.istio.proof.cluster import Cluster

NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node"}}

INJECTED: Mapping[str, Mapping[str, str]] = {"gate": {"security.istio.io/tlsMode": "istio"}}
"""By Deployment: labels that the injector gives a pod with a sidecar. By this one others know that
they can speak mTLS to it; targets go without, as nothing here ends it for them."""


def start_pod(cluster: Cluster, deployment: Manifest, address: str) -> Manifest:
    """Make a pod of *deployment*, as its template says, running and ready at *address*."""
    template = deployment["spec"]["template"]
    name, namespace = deployment["metadata"]["name"], deployment["metadata"]["namespace"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-1",
            "namespace": namespace,
            "labels": {**template["metadata"].get("labels", {}), **INJECTED.get(name, {})},
            "annotations": template["metadata"].get("annotations", {}),
        },
        "spec": {**template["spec"], "nodeName": "node"},
    }
    cluster.apply([NODE, pod])
    status = {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "hostIP": address,
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    cluster.kubectl(
        "-n", namespace, "patch", "pod", f"{name}-1", "--subresource=status", "--type=merge",
        "-p", json.dumps({"status": status}),
    )  # fmt: skip
    return pod


def publish_endpoints(cluster: Cluster) -> None:
    """Give every Service the endpoints of the pods that it selects."""
    pods = cluster.all("pods")
    slices = (_slice(service, pods) for service in cluster.all("services"))
    cluster.apply([each for each in slices if each])


def _slice(service: Manifest, pods: list[Manifest]) -> Manifest | None:
    meta, spec = service["metadata"], service["spec"]
    selected = list(_selected(service, pods))
    if not selected:
        return None
    ports = [
        {"name": port.get("name", ""), "port": _target(port, selected[0]), "protocol": "TCP"}
        | ({"appProtocol": port["appProtocol"]} if "appProtocol" in port else {})
        for port in spec["ports"]
    ]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{meta['name']}-1",
            "namespace": meta["namespace"],
            "labels": {"kubernetes.io/service-name": meta["name"]},
        },
        "addressType": "IPv4",
        "ports": ports,
        "endpoints": [
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {"ready": True},
                "targetRef": {
                    "kind": "Pod",
                    "name": pod["metadata"]["name"],
                    "namespace": meta["namespace"],
                },
            }
            for pod in selected
        ],
    }


def _selected(service: Manifest, pods: list[Manifest]) -> Iterator[Manifest]:
    wanted: Mapping[str, str] = service["spec"].get("selector") or {}
    for pod in pods:
        same = pod["metadata"]["namespace"] == service["metadata"]["namespace"]
        labels = pod["metadata"].get("labels", {})
        if wanted and same and wanted.items() <= labels.items() and "podIP" in pod["status"]:
            yield pod


def _target(port: Mapping[str, Any], pod: Manifest) -> int:
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    named = (each for container in pod["spec"]["containers"] for each in container["ports"])
    return int(next(each["containerPort"] for each in named if each.get("name") == target))
