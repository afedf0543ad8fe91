"""`authz envoy config`: what it takes from the directory, and how it says what is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from authz.commands.main import application
from tests.identities.world import every_listener
from tests.support.envoy_config import configured, run_config
from tests.support.worlds import prepare_home

ENVOY = ("--certificate", "pki/envoy.pem", "--key", "pki/envoy.key")
ROOTS = ("--client-roots", "pki/roots.pem")
OUT = ("--listener", "out", *ENVOY, *ROOTS)
GATE = "directory/global/gate.yaml"
DOCS = "directory/ns/tools/docs.yaml"
SERVERS = "directory/ns/reports/servers.yaml"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The worked world with a listener of every kind."""
    return every_listener(prepare_home(tmp_path))


def change(home: Path, file: str, before: str, after: str) -> None:
    """Edit a document."""
    text = (home / file).read_text()
    assert before in text
    (home / file).write_text(text.replace(before, after))


def manager_of(bootstrap: dict[str, Any]) -> dict[str, Any]:
    """Give the connection manager of the one listener."""
    (listener,) = bootstrap["static_resources"]["listeners"]
    ((manager,),) = (chain["filters"] for chain in listener["filter_chains"])
    found: dict[str, Any] = manager["typed_config"]
    return found


def routes_by_host(bootstrap: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Give what of each host leads where."""
    routed: dict[str, list[tuple[str, str]]] = {}
    for host in manager_of(bootstrap)["route_config"]["virtual_hosts"]:
        rows = routed[",".join(host["domains"])] = []
        for route in host["routes"]:
            (per_route,) = route["typed_per_filter_config"].values()
            target = per_route["check_settings"]["context_extensions"]["target"]
            assert route["route"]["cluster"] == target
            ((_, path),) = route["match"].items()
            rows.append((path, target))
    return routed


WRONG = {
    "no listener": ((*ENVOY, *ROOTS), "--listener is needed: the Gate has beside, certificate"),
    "near": (("--listener", "uot", *ENVOY, *ROOTS), "no listener 'uot': did you mean 'out'?"),
    "no certificate": (("--listener", "out"), "it is a certificate that says who asks"),
    "half": (("--listener", "out", *ENVOY[:2], *ROOTS), "--certificate and --key go together"),
    "useless roots": (("--listener", "in", *ENVOY, *ROOTS), "no certificate says who asks"),
    "in the clear": (("--listener", "in", "--listen", "0.0.0.0:80"), "cross the network in the"),
    "address": ((*OUT, "--listen", "8443"), "--listen: '8443' is no HOST:PORT"),
    "port": ((*OUT, "--listen", "127.0.0.1:70000"), "is no HOST:PORT"),
    "admin": ((*OUT, "--admin", "0.0.0.0:9901"), "--admin: whoever reaches it can stop Envoy"),
    "upstream": ((*OUT, "--upstream", "tools/dosc=http://a"), "did you mean 'tools/docs'?"),
    "url": ((*OUT, "--upstream", "tools/docs=10.0.0.7:80"), "is no http(s)://HOST[:PORT]"),
    "url host": ((*OUT, "--upstream", "tools/docs=https://[::1"), "is no http(s)://HOST[:PORT]"),
    "url user": ((*OUT, "--upstream", "tools/docs=https://a:b@c"), "is no http(s)://HOST[:PORT]"),
    "url query": ((*OUT, "--upstream", "tools/docs=https://a?b"), "is no http(s)://HOST[:PORT]"),
    "no pair": ((*OUT, "--upstream", "tools/docs"), "'tools/docs' is no TARGET=URL"),
    "url port": ((*OUT, "--upstream", "tools/docs=https://a:99999"), "has no such port"),
    "twice": ((*OUT, *2 * ("--upstream", "tools/docs=http://a")), "tools/docs is said twice"),
    "identity": (
        (
            *OUT,
            *("--upstream", "tools/docs=http://a"),
            *("--upstream-identity", "tools/docs=spiffe://example.org/a"),
        ),
        "over http nobody shows a certificate",
    ),
    "workers": ((*OUT, "--workers", "2", "--gate", "unix:/g"), "not with --gate"),
    "roots of another": (
        ("--listener", "out", *ENVOY, "--client-roots", "example.com=r.pem"),
        "for each trust domain of the Gate (example.org)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_options(name: str, home: Path) -> None:
    """What is missing or contradicts is told in one sentence, with exit code 2."""
    options, said = WRONG[name]
    result = run_config(home, *options)

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_every_target(home: Path) -> None:
    """All declared hosts are routed, each with its target's name; nothing else is."""
    routed = routes_by_host(configured(home, *OUT))

    assert routed["docs.tools.svc.cluster.local"] == [("/", "tools/docs")]
    assert routed["reporting-agent.reports.svc.cluster.local"] == [("/", "reports/reporting-agent")]
    assert len(routed) == 10
    assert not any("*" in host for host in routed)


def test_agents_alone(home: Path) -> None:
    """Before a listener for calls to agents there is no way to a tool."""
    routed = routes_by_host(configured(home, "--listener", "in", *ENVOY))
    assert sorted(target for ((_, target),) in routed.values()) == [
        "reports/analytics-agent",
        "reports/reporting-agent",
    ]


def test_a_host_of_two(home: Path) -> None:
    """Where two servers share a host their paths tell them apart, and what means neither is 404."""
    change(home, SERVERS, "[docs.reports.svc", "[archive.reports.svc")
    change(home, SERVERS, "path: /mcp\n", "path: /docs\n")
    text = (home / SERVERS).read_text()
    (home / SERVERS).write_text(text[::-1].replace("/docs\n"[::-1], "/mcp\n"[::-1], 1)[::-1])
    routed = routes_by_host(configured(home, *OUT))["archive.reports.svc.cluster.local"]

    well_known = "/.well-known/oauth-protected-resource"
    assert ("/docs", "reports/docs") in routed
    assert ("/mcp", "reports/archive") in routed
    assert (f"{well_known}/docs", "reports/docs") in routed
    assert not {"/", well_known} & {path for path, _ in routed}


def test_a_host_with_its_port(home: Path) -> None:
    """Where a port is declared Envoy keeps ports: the gate has to see it."""
    change(home, DOCS, "[docs.tools.svc.cluster.local]", "[docs.tools.svc.cluster.local:8443]")
    bootstrap = configured(home, *OUT)
    routed = routes_by_host(bootstrap)

    assert (
        "strip_any_host_port" not in manager_of(bootstrap)
        or not manager_of(bootstrap)["strip_any_host_port"]
    )
    assert routed["docs.tools.svc.cluster.local:8443"] == [("/", "tools/docs")]
    search = "search.tools.svc.cluster.local"
    assert routed[f"{search},{search}:*"] == [("/", "tools/search-api")]


def test_several_trust_domains(home: Path) -> None:
    """Each domain has roots of its own, and nobody comes in without a certificate."""
    change(home, GATE, "trustDomains: [example.org]", "trustDomains: [example.org, other.example]")
    refused = run_config(home, *OUT)
    assert refused.exit_code == 2
    each = ("--client-roots", "example.org=a.pem", "--client-roots", "other.example=b.pem")
    bootstrap = configured(home, "--listener", "out", *ENVOY, *each)

    (listener,) = bootstrap["static_resources"]["listeners"]
    (chain,) = listener["filter_chains"]
    tls = chain["transport_socket"]["typed_config"]
    validator = tls["common_tls_context"]["validation_context"]["custom_validator_config"]
    assert tls["require_client_certificate"]
    assert validator["typed_config"]["trust_domains"] == [
        {"name": "example.org", "trust_bundle": {"filename": "a.pem"}},
        {"name": "other.example", "trust_bundle": {"filename": "b.pem"}},
    ]


def test_who_asks(home: Path) -> None:
    """Envoy says who asks in the one way in which the listener reads it, and in no other."""
    seen = {}
    for name in ("out", "certificate", "waypoint", "named", "beside", "in", "client"):
        roots = () if name in {"in", "client"} else ROOTS
        manager = manager_of(configured(home, "--listener", name, *ENVOY, *roots))
        strip, asking, _ = (each["typed_config"] for each in manager["http_filters"])
        removed = [each.get("remove") for each in strip["mutations"]["request_mutations"]]
        metadata = asking["grpc_service"].get("initial_metadata", [])
        seen[name] = (
            asking.get("include_peer_certificate", False),
            manager.get("forward_client_cert_details", "SANITIZE"),
            "x-forwarded-client-cert" in removed,
            [each["key"] for each in metadata],
        )
    nothing: tuple[bool, str, bool, list[str]] = (False, "SANITIZE", True, [])
    assert seen == {
        "out": nothing,
        "certificate": (True, "SANITIZE", True, []),
        "waypoint": (False, "SANITIZE_SET", False, []),
        "named": (False, "SANITIZE", True, ["x-caller", "x-self"]),
        "beside": (False, "SANITIZE", True, ["x-peer-principal"]),
        "in": nothing,
        "client": nothing,
    }


def test_workers(home: Path) -> None:
    """Each worker is an endpoint, and the gate is asked as much as all of them take."""
    gate, *_ = configured(home, *OUT, "--workers", "2")["static_resources"]["clusters"]
    (group,) = gate["load_assignment"]["endpoints"]
    paths = [each["endpoint"]["address"]["pipe"]["path"] for each in group["lb_endpoints"]]

    assert paths == [str(home / "run/out.sock"), str(home / "run/out.1.sock")]
    assert gate["circuit_breakers"]["thresholds"][0]["max_requests"] == 200


def test_without_issuers_keys(home: Path) -> None:
    """It needs nothing but documents: keys may be where the gate is."""
    for file in (home / "keys").glob("*.json"):
        file.unlink()
    assert run_config(home, *OUT).exit_code == 0


def test_broken_directory(home: Path) -> None:
    """Mistakes are told with their place beside the bootstrap, not in it."""
    change(home, GATE, "kind: Gate", "kind: Gaet")
    result = run_config(home, *OUT)

    assert (result.exit_code, result.stdout) == (3, "")
    line = (home / GATE).read_text().splitlines().index("kind: Gaet") + 1
    assert f"{GATE}:{line}:7: error" in result.stderr


def test_output(home: Path, tmp_path: Path) -> None:
    """A file is written whole, or it is told why not."""
    file = tmp_path / "envoy.json"
    result = run_config(home, *OUT, "--format", "json", "--output", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "tools/docs" in result.stderr
    assert json.loads(file.read_text()) == configured(home, *OUT)

    result = run_config(home, *OUT, "--output", str(tmp_path / "nowhere" / "envoy.yaml"))
    assert result.exit_code == 4
    assert "cannot be written: No such file or directory" in result.stderr


def test_without_the_library(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed it is said how to have it."""
    for name in [each for each in sys.modules if each.startswith("authz.envoy.")]:
        if name != "authz.envoy.plan":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "betterproto2", None)
    result = run_config(home, *OUT)

    assert result.exit_code == 4
    assert "pip install 'narrowgate[envoy]'" in result.stderr


def test_what_serves_does_not_load_it() -> None:
    """The library is large: only the command that writes waits for it."""
    told = "import sys, authz.commands.main, authz.app; print('envoy_data_plane' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


def test_help() -> None:
    """Help has examples."""
    result = CliRunner().invoke(application, ["envoy", "config", "--help"])
    assert "authz envoy config /etc/narrowgate --listener agents" in result.stdout
