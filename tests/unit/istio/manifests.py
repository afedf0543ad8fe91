"""The manifests of `istio/` as they lie there, without kustomize."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from authz.directory.compiled import Directory
from authz.directory.load import load_directory

Manifest = Mapping[str, Any]

ISTIO = Path(__file__).parent.parent.parent.parent / "istio"
WORLD = ISTIO / "base" / "world"
MODES = {"gateway": "ingress", "sidecar": "tools", "waypoint": "library"}
"""By mode: the namespace whose proxies ask the gate."""

TARGETS = {"gateway": "shop", "sidecar": "tools", "waypoint": "library"}
"""By mode: the namespace of the targets."""


def documents(folder: Path) -> list[Manifest]:
    """Give every manifest that the kustomization in *folder* lists."""
    return [each for path in resources(folder) if path.is_file() for each in read(path)]


def resources(folder: Path) -> Iterator[Path]:
    """Give what the kustomization in *folder* lists."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    yield from (folder / name for name in kustomization["resources"])


def read(path: Path) -> list[Manifest]:
    """Give the manifests of one file."""
    return [each for each in yaml.safe_load_all(path.read_text()) if each]


def directory() -> Directory:
    """Give the sample world's directory."""
    found = (path for path in (WORLD / "directory").rglob("*") if path.is_file())
    return load_directory({str(path.relative_to(WORLD)): path.read_bytes() for path in found})[0]
