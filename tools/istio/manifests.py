"""The manifests of `istio/`, built by kubectl's kustomize."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.istio.kit import CLUSTER, ROOT, output

Manifest = Mapping[str, Any]

ISTIO = ROOT / "istio"
MESH = ISTIO / "mesh-config.yaml"
OVERLAYS = ("gateway", "sidecar", "waypoint", "all")


def built(folder: Path) -> list[Manifest]:
    """Give what `kubectl kustomize` makes of *folder*."""
    return parsed(output(CLUSTER, "kubectl", "kustomize", str(folder)))


def parsed(text: str) -> list[Manifest]:
    """Read a stream of manifests."""
    return [each for each in yaml.safe_load_all(text) if each]


def told(manifests: Iterable[Manifest]) -> str:
    """Write a stream of manifests."""
    return yaml.safe_dump_all(manifests, sort_keys=False)


def only(manifests: Iterable[Manifest], *kinds: str) -> list[Manifest]:
    """Give those of these kinds."""
    return [each for each in manifests if each["kind"] in kinds]


def mesh_values() -> dict[str, Any]:
    """Give `istio/mesh-config.yaml`."""
    values: dict[str, Any] = yaml.safe_load(MESH.read_text())
    return values
