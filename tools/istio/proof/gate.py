"""The gate as its Deployment mounts it: ConfigMaps as folders, signing keys as a Secret."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.istio.manifests import Manifest
from tools.istio.proof.alone import mount_memory, remount_read_only
from tools.istio.proof.children import answers, running
from tools.istio.proof.cluster import Cluster

AUTHZ = Path(sys.executable).with_name("authz")
HOME, NAMESPACE = "/etc/narrowgate", "narrowgate"
SECRET_MODE = 0o440
"""Of a Secret's files by `defaultMode: 0400` and an `fsGroup`."""


@dataclass
class Gate:
    """A gate that runs, and its records."""

    records: Path
    _read: int = 0

    def new_records(self) -> list[Mapping[str, Any]]:
        """Give the records that were written since this was last asked."""
        lines = self.records.read_text().splitlines() if self.records.exists() else []
        fresh, self._read = lines[self._read :], len(lines)
        return [json.loads(line) for line in fresh]


@contextmanager
def gate(cluster: Cluster, deployment: Manifest, folder: Path) -> Iterator[Gate]:
    """Run `authz serve` as *deployment* says, with the file system that it sees below *folder*."""
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    home = folder / HOME[1:]
    for volume in pod["volumes"]:
        place = folder / mounts[volume["name"]][1:]
        place.mkdir(parents=True)
        if "configMap" in volume:
            _mount_config(cluster, volume["configMap"], place)
    _make_secret(cluster, home)
    for volume in pod["volumes"]:
        if "secret" in volume:
            mounted = folder / mounts[volume["name"]][1:]
            _mount_secret(cluster, volume["secret"]["secretName"], mounted)
    serving = [str(home) if part == HOME else part for part in container["command"]]
    command = [str(AUTHZ), *serving[1:]]
    ready = container["readinessProbe"]["httpGet"]["path"]
    with running(command, folder / "gate.log", answers(f"http://127.0.0.1:9080{ready}")):
        yield Gate(home / "records" / "decisions.jsonl")


def _mount_config(cluster: Cluster, volume: Manifest, place: Path) -> None:
    data = cluster.one("configmap", NAMESPACE, volume["name"])["data"]
    for item in volume["items"]:
        path = place / item["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        # iptables would lead to the gate's sidecar first. Here both have one network, so the gate
        # leaves the pod's address to its sidecar.
        path.write_text(data[item["key"]].replace("address: 0.0.0.0:", "address: 127.0.0.1:"))


def _make_secret(cluster: Cluster, home: Path) -> None:
    """Make the first key and put it into the cluster, with the commands of docs/istio.md."""
    made = [str(AUTHZ), "keys", "first", str(home)]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, timeout=60)
    cluster.kubectl(
        "-n", NAMESPACE, "create", "secret", "generic", "narrowgate-keys",
        f"--from-file={home / 'keys'}",
    )  # fmt: skip


def _mount_secret(cluster: Cluster, name: str, place: Path) -> None:
    """Lay a Secret out as kubelet does: root's files, read by the group, on a read-only mount."""
    mount_memory(place)
    data = place / "..2026_11_26_12_00_00.1"
    data.mkdir(mode=0o755)
    (place / "..data").symlink_to(data.name)
    for key, content in cluster.one("secret", NAMESPACE, name)["data"].items():
        (data / key).write_bytes(base64.b64decode(content))
        (data / key).chmod(SECRET_MODE)
        (place / key).symlink_to(f"..data/{key}")
    remount_read_only(place)
