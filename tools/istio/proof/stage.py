"""All that takes part, started in order: cluster, istiod, gate, targets, proxies, callers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from examples.edge.certificates import Authority
from tools.istio.manifests import ISTIO, Manifest, built, parsed
from tools.istio.proof.alone import POD_NETWORK
from tools.istio.proof.calls import Door, doors
from tools.istio.proof.cases import PLACES, SPIFFE, Caller, Mode
from tools.istio.proof.children import until
from tools.istio.proof.cluster import Cluster, Refused, cluster
from tools.istio.proof.control import istiod
from tools.istio.proof.controllers import publish_endpoints, start_pod
from tools.istio.proof.gate import Gate, gate
from tools.istio.proof.identity import handed_out
from tools.istio.proof.proxy import Proxy, envoy
from tools.istio.proof.upstream import targets

LAB = Path(__file__).parent.parent / "lab"
ADDRESSES = {
    ("narrowgate", "gate"): 9,
    ("ingress", "agents-istio"): 20,
    ("shop", "orders"): 21,
    ("shop", "stock"): 22,
    ("tools", "docs"): 31,
    ("library", "waypoint"): 40,
    ("library", "archive"): 41,
}
"""By namespace and Deployment: the pod's address in the network of pods."""

GATE, GATE_ID = f"{POD_NETWORK}.9", f"{SPIFFE}/narrowgate/sa/gate"
UPSTREAMS = {
    "shop/orders": (f"{POD_NETWORK}.21", 8080),
    "shop/stock": (f"{POD_NETWORK}.22", 8080),
    # Behind its sidecar, in the same pod.
    "tools/docs": ("127.0.0.1", 18031),
    "library/archive": (f"{POD_NETWORK}.41", 8080),
}
PROXIES = {
    Mode.GATEWAY: ("router", ("ingress", "agents-istio"), 8443, 15101),
    Mode.SIDECAR: ("sidecar", ("tools", "docs"), 8080, 15102),
    Mode.WAYPOINT: ("waypoint", ("library", "waypoint"), 15008, 15103),
}


@dataclass(frozen=True)
class Stage:
    """What the cases need."""

    gate: Gate
    reached: list[str]
    """Every case that a target saw."""

    doors: Mapping[tuple[Mode, Caller], Door]
    logs: Mapping[Mode, Path]
    """Of the Envoy of each mode."""

    authority: Authority
    """Of the mesh."""


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Start all of it, with its files in *folder*."""
    with ExitStack() as parts:
        made = parts.enter_context(cluster(folder / "cluster"))
        parts.enter_context(istiod(made, folder / "istiod"))
        made.apply(_in_order(built(ISTIO / "overlays" / "all")))
        for name in ("workloads", "sidecar", "waypoint"):
            made.apply(parsed((LAB / f"{name}.yaml").read_text()))
        pods = _pods(made)
        publish_endpoints(made)
        served = parts.enter_context(
            gate(made, made.one("deployment", "narrowgate", "gate"), folder / "gate")
        )
        reached = parts.enter_context(targets(UPSTREAMS))
        authority = Authority(folder / "identities")
        logs, addresses = {}, {}
        socket = folder / "gate-sidecar.sock"
        parts.enter_context(handed_out(authority, GATE_ID, socket))
        front = Proxy("sidecar", pods["narrowgate", "gate"], GATE, 15100, complete=f"{GATE}_9003")
        parts.enter_context(envoy(front, socket, folder))
        for mode, (kind, key, port, admin) in PROXIES.items():
            socket = folder / f"{mode.value}.sock"
            parts.enter_context(handed_out(authority, PLACES[mode].proxy, socket))
            address = f"{POD_NETWORK}.{ADDRESSES[key]}"
            parts.enter_context(envoy(Proxy(kind, pods[key], address, admin), socket, folder))
            logs[mode], addresses[mode] = folder / f"{mode.value}.log", (address, port)
        authorities = {
            Caller.PLANNER: authority,
            Caller.STRANGER: authority,
            Caller.IMPOSTOR: Authority(folder / "another-authority"),
        }
        archive = made.one("service", "library", "archive")["spec"]["clusterIP"]
        ways = parts.enter_context(doors(authorities, addresses, f"{archive}:8080", folder))
        yield Stage(served, reached, ways, logs, authority)


def _in_order(manifests: list[Manifest]) -> list[Manifest]:
    return sorted(manifests, key=lambda each: each["kind"] != "Namespace")


def _pods(made: Cluster) -> dict[tuple[str, str], Manifest]:
    """Start a pod for each Deployment, those that istiod makes for its Gateways included."""

    def all_there() -> bool:
        found = {_key(each) for each in made.all("deployments")}
        return ADDRESSES.keys() <= found

    until(all_there, "a Deployment of istiod's for each Gateway")
    return {
        _key(each): start_pod(made, each, f"{POD_NETWORK}.{ADDRESSES[_key(each)]}")
        for each in made.all("deployments")
    }


def _key(manifest: Manifest) -> tuple[str, str]:
    return manifest["metadata"]["namespace"], manifest["metadata"]["name"]


__all__ = ["Refused", "Stage", "staged"]
