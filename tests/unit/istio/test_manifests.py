"""`istio/`: what one file says must fit what another says.

A provider's port, a waypoint's name and a target's host stand in several files
each. Where they do not agree Istio accepts all of them, and requests go unasked,
or unanswered.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from authz.directory.listening import ByPrincipal, ByXfcc, MeshRestricted, TargetChoice
from tests.unit.istio.manifests import (
    ISTIO,
    MODES,
    TARGETS,
    WORLD,
    Manifest,
    directory,
    documents,
    resources,
)

BASE = documents(ISTIO / "base")
MESH = yaml.safe_load((ISTIO / "mesh-config.yaml").read_text())["meshConfig"]
PROVIDERS = {each["name"]: each["envoyExtAuthzGrpc"] for each in MESH["extensionProviders"]}
every_mode = pytest.mark.parametrize("mode", MODES)


def of_mode(mode: str, kind: str, namespace: str | None = None) -> list[Manifest]:
    """Give the manifests of a kind that *mode* adds."""
    found = documents(ISTIO / "modes" / mode)
    return [
        each
        for each in found
        if each["kind"] == kind and namespace in {None, each["metadata"]["namespace"]}
    ]


def custom(mode: str) -> Manifest:
    """Give the one policy by which proxies ask the gate."""
    policies = of_mode(mode, "AuthorizationPolicy", MODES[mode])
    (found,) = [each for each in policies if each["spec"].get("action") == "CUSTOM"]
    return found


def gate_container() -> Any:
    """Give the container of the Deployment."""
    (deployment,) = [each for each in BASE if each["kind"] == "Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return container


def one(kind: str) -> Manifest:
    """Give the one manifest of a kind in the base."""
    (found,) = [each for each in BASE if each["kind"] == kind]
    return found


@pytest.mark.parametrize("folder", sorted(ISTIO.rglob("kustomization.yaml")), ids=str)
def test_kustomizations_list_all_that_is_there(folder: Path) -> None:
    """A file that no kustomization lists is applied by nobody."""
    folder = folder.parent
    listed = {path.resolve() for path in resources(folder)}
    assert all(path.exists() for path in listed)
    there = set(folder.glob("*.yaml")) - {folder / "kustomization.yaml"}
    assert there <= listed


@every_mode
def test_everything_is_asked(mode: str) -> None:
    """The rule is empty, and of a provider that fails closed, whole bodies and soon."""
    policy = custom(mode)
    assert policy["spec"]["rules"] == [{}]
    provider = PROVIDERS[policy["spec"]["provider"]["name"]]
    assert provider["failOpen"] is False
    assert provider["timeout"] == "2s"
    assert provider["includeRequestBodyInCheck"]["allowPartialMessage"] is False


@every_mode
def test_a_policy_in_ambient_has_a_target(mode: str) -> None:
    """A waypoint takes no notice of a policy with a selector, a sidecar none of a target."""
    assert ("selector" if mode == "sidecar" else "targetRefs") in custom(mode)["spec"]


@every_mode
def test_a_mode_has_one_port(mode: str) -> None:
    """Provider, Service, container, listener and both walls name the same port of the gate."""
    provider = PROVIDERS[custom(mode)["spec"]["provider"]["name"]]
    port = provider["port"]
    assert provider["service"] == "gate.narrowgate.svc.cluster.local"
    (served,) = [each for each in one("Service")["spec"]["ports"] if each["port"] == port]
    assert served["appProtocol"] == "grpc"
    (contained,) = [
        each for each in gate_container()["ports"] if each["name"] == served["targetPort"]
    ]
    assert contained["containerPort"] == port
    (listener,) = [each for each in directory().gate.listeners if each.name == mode]
    assert isinstance(listener.address, MeshRestricted)
    assert listener.address.port == port
    (wall,) = of_mode(mode, "AuthorizationPolicy", "narrowgate")
    (rule,) = wall["spec"]["rules"]
    assert rule["to"] == [{"operation": {"ports": [str(port)]}}]
    assert f"the policy {wall['metadata']['name']}" in listener.address.because
    (network,) = of_mode(mode, "NetworkPolicy")
    assert {"port": port} in network["spec"]["ingress"][0]["ports"]


def test_who_calls_is_known_by_what_the_mode_has() -> None:
    """Gateway and sidecar end mTLS; a waypoint writes a header, which is believed of it alone."""
    listeners = {each.name: each for each in directory().gate.listeners}
    assert listeners.keys() == MODES.keys()
    assert {each.targets for each in listeners.values()} == {TargetChoice.HOSTS}
    assert listeners["gateway"].identity == listeners["sidecar"].identity == ByPrincipal()
    identity = listeners["waypoint"].identity
    assert isinstance(identity, ByXfcc)
    (gateway,) = of_mode("waypoint", "Gateway")
    meta = gateway["metadata"]
    assert str(identity.by) == f"spiffe://cluster.local/ns/{meta['namespace']}/sa/{meta['name']}"
    assert meta["annotations"] == {"ambient.istio.io/xfcc-include-client-identity": "true"}
    (wall,) = of_mode("waypoint", "AuthorizationPolicy", "narrowgate")
    (only,) = wall["spec"]["rules"][0]["from"]
    assert only == {"source": {"principals": [str(identity.by).removeprefix("spiffe://")]}}


@every_mode
def test_every_target_has_its_own_hosts(mode: str) -> None:
    """For each target of the directory: a policy that refuses every Host but its own."""
    namespace = TARGETS[mode]
    targets = {
        each.name.partition("/")[2]: frozenset(each.hosts)
        for each in directory().targets.values()
        if each.name.startswith(f"{namespace}/")
    }
    assert targets
    denied = {}
    for policy in of_mode(mode, "AuthorizationPolicy", MODES[mode]):
        if policy["spec"].get("action") != "DENY":
            continue
        hosts = frozenset(policy["spec"]["rules"][0]["to"][0]["operation"]["notHosts"])
        plain = frozenset(host for host in hosts if not host.endswith(":*"))
        assert hosts == plain | {f"{host}:*" for host in plain}
        spec = policy["spec"]
        target = spec.get("selector", {}).get("matchLabels", {}).get("app")
        denied[target or spec["targetRefs"][0]["name"]] = plain
    if mode == "gateway":
        # One proxy for all of them, which routes by Host itself.
        assert denied == {"agents": frozenset().union(*targets.values())}
    else:
        assert denied == targets


@every_mode
def test_no_plain_text(mode: str) -> None:
    """Who calls is known by mTLS: where targets are, and where the gate is."""
    strict = [*of_mode(mode, "PeerAuthentication", TARGETS[mode]), one("PeerAuthentication")]
    assert [each["spec"] for each in strict] == [{"mtls": {"mode": "STRICT"}}] * 2


def test_nobody_reaches_the_gate_by_default() -> None:
    """Also before a mode is applied, and for whatever else is put into its namespace."""
    policies = [each for each in BASE if each["kind"] == "AuthorizationPolicy"]
    assert {} in [each["spec"] for each in policies]


@pytest.mark.parametrize("what", ["directory", "policies"])
def test_every_file_of_the_world_is_mounted_where_it_belongs(what: str) -> None:
    """ConfigMaps are flat; the items of their volumes make the world's folders again."""
    kustomization = yaml.safe_load((ISTIO / "base" / "kustomization.yaml").read_text())
    (generated,) = [
        each for each in kustomization["configMapGenerator"] if each["name"] == f"narrowgate-{what}"
    ]
    sources = dict(line.split("=") for line in generated["files"])
    volumes = one("Deployment")["spec"]["template"]["spec"]["volumes"]
    (volume,) = [each for each in volumes if each["name"] == what]
    mounted = {item["path"]: sources[item["key"]] for item in volume["configMap"]["items"]}
    there = {
        str(path.relative_to(WORLD / what)): str(path.relative_to(ISTIO / "base"))
        for path in (WORLD / what).rglob("*")
        if path.is_file()
    }
    assert mounted == there


def test_the_gate_may_do_nothing_else() -> None:
    """No privilege, no root, nothing to write but where it writes, no token of the cluster's."""
    pod = one("Deployment")["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    context = gate_container()["securityContext"]
    assert context == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = {each["name"] for each in gate_container()["volumeMounts"] if "readOnly" not in each}
    assert writable == {each["name"] for each in pod["volumes"] if "emptyDir" in each}


def test_the_gate_can_be_asked_how_it_stands() -> None:
    """The socket of `authz status` is in a place that can be written, and both are told of it."""
    variables = {each["name"]: each["value"] for each in gate_container().get("env", [])}
    socket = PurePosixPath(variables.get("NARROWGATE_STATUS", "/etc/narrowgate/status.sock"))
    mounts = gate_container()["volumeMounts"]
    writable = {PurePosixPath(each["mountPath"]) for each in mounts if "readOnly" not in each}

    assert socket.parent in writable
