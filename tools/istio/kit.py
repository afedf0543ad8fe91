"""Builds Istio's and Kubernetes' own programs from Go modules, once, into `.istio` of the clone.

Neither project has packages of them that a machine without a container engine
could install, so Go's own client fetches the sources. Everything is pinned.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
KIT = ROOT / ".istio"
BIN, CRDS = KIT / "bin", KIT / "crds"
KAPI = Path(__file__).parent / "kapi"

ISTIO = "v0.0.0-20260827124520-eed52ebb66ad"
"""1.31 before its release: the revision that Go's module mirror has."""

KUBERNETES = "1.37.2"
GATEWAY_API = "v1.6.0"
GO = (1, 26)
LIMIT_SECONDS = 5400


class NoKit(Exception):
    """The programs cannot be built; the message says why."""


@dataclass(frozen=True)
class Program:
    """One program, and how Go builds it."""

    name: str
    arguments: tuple[str, ...]
    """Of `go`, after the common ones."""

    folder: Path = ROOT
    """Where `go` is run."""

    @property
    def path(self) -> Path:
        """Where it lies once it is built."""
        return BIN / self.name


_SMALL = "-ldflags=-s -w"
_VERSION = f"-X k8s.io/component-base/version.gitVersion=v{KUBERNETES}"
_FLAGS = (
    f"{_SMALL} {_VERSION} -X k8s.io/component-base/version.gitMajor=1"
    f" -X k8s.io/component-base/version.gitMinor={KUBERNETES.split('.')[1]}"
    f" -X k8s.io/client-go/pkg/version.gitVersion=v{KUBERNETES}"
)
ISTIOD = Program(
    "pilot-discovery", ("install", _SMALL, f"istio.io/istio/pilot/cmd/pilot-discovery@{ISTIO}")
)
ISTIOCTL = Program("istioctl", ("install", _SMALL, f"istio.io/istio/istioctl/cmd/istioctl@{ISTIO}"))
CLUSTER = Program("kapi", ("build", "-o", str(BIN / "kapi"), _FLAGS, "."), KAPI)
"""etcd, kube-apiserver and kubectl (with kustomize) in one."""

ALL = (ISTIOCTL, ISTIOD, CLUSTER)


def have(programs: Sequence[Program]) -> None:
    """
    Build those of *programs* that are not there yet, and fetch the definitions of custom resources.

    Raises:
        NoKit: there is no Go, or it could not build one.
    """
    missing = [program for program in programs if not program.path.exists()]
    if missing or not CRDS.exists():
        go = _go()
        BIN.mkdir(parents=True, exist_ok=True)
        for program in missing:
            print(f"building {program.name}; the first time takes minutes", flush=True)
            _run([go, *program.arguments], program.folder)
        _fetch_definitions(go)


def _go() -> str:
    go = shutil.which("go")
    if go is None:
        wanted = ".".join(map(str, GO))
        raise NoKit(
            f"Go {wanted} or newer is needed to build Istio and Kubernetes, and is not on PATH."
        )
    return go


def _fetch_definitions(go: str) -> None:
    draft = CRDS.with_name("crds.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    istio = _module(go, f"istio.io/istio@{ISTIO}")
    shutil.copy(istio / "manifests/charts/base/files/crd-all.gen.yaml", draft / "istio.yaml")
    gateway = _module(go, f"sigs.k8s.io/gateway-api@{GATEWAY_API}") / "config/crd/standard"
    for path in gateway.glob("gateway.networking.k8s.io_*.yaml"):
        shutil.copy(path, draft / path.name)
    for path in draft.iterdir():
        path.chmod(0o644)
    shutil.rmtree(CRDS, ignore_errors=True)
    draft.rename(CRDS)


def _module(go: str, module: str) -> Path:
    told = _run([go, "mod", "download", "-json", module], KIT)
    lines = (line.partition('"Dir": "')[2] for line in told.splitlines())
    return Path(next(line for line in lines if line).rstrip('",'))


def _run(command: Sequence[str], folder: Path) -> str:
    environment = {**os.environ, "GOBIN": str(BIN), "CGO_ENABLED": "0"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=LIMIT_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise NoKit(f"{' '.join(command)} took more than {LIMIT_SECONDS // 60} minutes") from None
    if done.returncode:
        raise NoKit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}")
    return done.stdout


def output(program: Program, *arguments: str, given: str = "", **more: Mapping[str, str]) -> str:
    """
    Run *program* to its end, with *given* on standard input.

    Raises:
        subprocess.CalledProcessError: it ended with a mistake.
    """
    environment = {**os.environ, **more.get("environment", {})}
    done = subprocess.run(
        [str(program.path), *arguments], input=given, env=environment, capture_output=True,
        text=True, timeout=60, check=False, cwd=ROOT,
    )  # fmt: skip
    if done.returncode:
        raise subprocess.CalledProcessError(
            done.returncode, done.args, done.stdout, f"{done.stdout}{done.stderr}"
        )
    return done.stdout


def main() -> int:
    """Build everything."""
    try:
        have(ALL)
    except NoKit as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
