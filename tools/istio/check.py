"""Checks the manifests of `istio/` with the tools that would meet them in a cluster.

    python -m tools.istio.check

Every overlay is built by kustomize, read by `istioctl validate` and `istioctl
analyze`, and offered to a real kube-apiserver with istiod's own admission. That
each of them can say no is tried first, with a mistake of the kind that it finds.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import yaml

from tools.istio.kit import ALL, ISTIOCTL, KIT, NoKit, have, output
from tools.istio.manifests import ISTIO, OVERLAYS, Manifest, built, mesh_values, only, parsed, told
from tools.istio.proof.alone import CannotBeAlone, enter
from tools.istio.proof.children import ChildFailed, until
from tools.istio.proof.cluster import Cluster, Refused, cluster
from tools.istio.proof.control import istiod

LIMIT_SECONDS = 300
LAB = Path(__file__).parent / "lab"

FORBIDDEN: Manifest = {
    "apiVersion": "security.istio.io/v1",
    "kind": "AuthorizationPolicy",
    "metadata": {"name": "mistaken", "namespace": "default"},
    "spec": {
        "action": "CUSTOM",
        "provider": {"name": "narrowgate-sidecar"},
        "rules": [{"from": [{"source": {"principals": ["cluster.local/ns/agents/sa/planner"]}}]}],
    },
}
"""A CUSTOM policy cannot speak of principals: only Istio's own validation knows that."""

MEANT = (
    # There is no other way to say it.
    "IST0133=EnvoyFilter */narrowgate",
    # Where a port is not HTTP nobody can ask the gate: that it is closed is meant.
    "IST0133=AuthorizationPolicy */*-by-its-own-host",
    "IST0133=AuthorizationPolicy */by-known-hosts",
)
"""Warnings of `istioctl analyze` about what is as it should be."""

MISSPELT: Manifest = {
    "apiVersion": "security.istio.io/v1",
    "kind": "PeerAuthentication",
    "metadata": {"name": "mistaken", "namespace": "default"},
    "spec": {"mtsl": {"mode": "STRICT"}},
}

Check = Callable[[list[Manifest]], str]


def validate(manifests: list[Manifest]) -> str:
    """Run `istioctl validate`."""
    return output(ISTIOCTL, "validate", "-f", "-", given=told(manifests))


def analyze(manifests: list[Manifest]) -> str:
    """Run `istioctl analyze` over all namespaces, without a cluster; it fails on warnings too."""
    mesh, offered = KIT / "mesh.yaml", KIT / "offered.yaml"
    mesh.write_text(yaml.safe_dump(mesh_values()["meshConfig"]))
    offered.write_text(told(manifests))
    return output(
        ISTIOCTL, "analyze", "--use-kube=false", "-A", "--failure-threshold=Warning",
        f"--meshConfigFile={mesh}", *(f"--suppress={each}" for each in MEANT), str(offered),
    )  # fmt: skip


def admission(made: Cluster) -> Check:
    """Give a check by the API server, which stores nothing."""

    def offer(manifests: list[Manifest]) -> str:
        return made.kubectl(
            "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-",
            given=told(manifests),
        )  # fmt: skip

    return offer


def refuses(check: Check, manifest: Manifest) -> bool:
    """Say whether *check* finds the mistake of *manifest*."""
    try:
        check([manifest])
    except (Refused, subprocess.CalledProcessError):
        return True
    return False


def main() -> int:
    """Check everything."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.signal(signal.SIGALRM, lambda *_: sys.exit("It took too long."))
    try:
        have(ALL)
        enter("tools.istio.check")
        signal.alarm(LIMIT_SECONDS)
        folder = KIT / "check"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with cluster(folder / "cluster") as made, istiod(made, folder / "istiod"):
            return _check_all(made)
    except (CannotBeAlone, ChildFailed, NoKit, Refused) as error:
        print(f"The check did not start: {error}", file=sys.stderr)
        return 1


def _check_all(made: Cluster) -> int:
    offer = admission(made)
    made.apply(parsed((LAB / "webhook.yaml").read_text()))
    until(lambda: refuses(offer, FORBIDDEN), "istiod's admission")
    checks: dict[str, tuple[Check, Manifest]] = {
        "istioctl validate": (validate, FORBIDDEN),
        "istioctl analyze": (analyze, FORBIDDEN),
        "kube-apiserver with istiod": (offer, MISSPELT),
    }
    blind = [name for name, (check, mistake) in checks.items() if not refuses(check, mistake)]
    for name in blind:
        print(f"{name} does not find a mistake that it should")
    # A dry run needs the namespaces to be there.
    made.apply(only(built(ISTIO / "overlays" / "all"), "Namespace"))
    failed = bool(blind)
    for overlay in OVERLAYS:
        manifests = built(ISTIO / "overlays" / overlay)
        whole = manifests if overlay == "all" else [*manifests, *built(ISTIO / "sample")]
        for name, (check, _) in checks.items():
            began = time.monotonic()
            try:
                check(whole)
                said = f"no mistakes in {len(whole)} objects"
            except (Refused, subprocess.CalledProcessError) as error:
                said, failed = f"\n{getattr(error, 'stderr', None) or error}", True
            with suppress(BrokenPipeError):
                took = time.monotonic() - began
                print(f"{overlay:9} {name:27} {took:4.1f} s  {said}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
