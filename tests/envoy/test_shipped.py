"""The files of `envoy/`: a real Envoy runs them, and they say what `authz envoy config` writes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from authz.directory.listening import ByNobody, Direction, Listener, MutualTLS, UnixSocket
from authz.model.spiffe import SpiffeId
from authz.server.decision_point import DecisionPoint
from examples.edge.certificates import Authority
from examples.edge.envoy import (
    AGENTS,
    ENVOY_ID,
    FILES,
    STANDALONE,
    USERS,
    Place,
    configuration,
    filled,
    running_envoy,
)
from tests.support.cases import Case, case_named
from tests.support.clients import Door, Response, send_http1
from tests.support.direct import KeptRecords
from tests.support.envoy_config import configured, envoy_refuses, give_tcp_listeners
from tests.support.front import serving_face
from tests.support.ports import reserved_port
from tests.support.upstream import Upstream
from tests.support.worlds import prepare_home

GATE_ID = "spiffe://example.org/ns/narrowgate/sa/gate"
ENVOY = ("--certificate", "pki/envoy.pem", "--key", "pki/envoy.key")
OPTIONS = {
    AGENTS: ("--listener", "out", *ENVOY, "--client-roots", "pki/roots.pem"),
    STANDALONE: ("--listener", "out", *ENVOY, "--client-roots", "pki/roots.pem"),
    USERS: ("--listener", "in", *ENVOY),
}
MANAGER = (
    "use_remote_address",
    "normalize_path",
    "merge_slashes",
    "path_with_escaped_slashes_action",
    "strip_any_host_port",
    "request_timeout",
    "request_headers_timeout",
    "http2_protocol_options",
    "forward_client_cert_details",
    "set_current_client_cert_details",
    "common_http_protocol_options",
)
"""What a connection manager does to a request before anybody is asked."""


@pytest.fixture(params=OPTIONS, ids=lambda file: file.name)
def file(request: pytest.FixtureRequest) -> Path:
    """One of the whole configurations."""
    chosen: Path = request.param
    return chosen


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Where an Envoy could stand."""
    return Place(tmp_path / "envoy", Authority(tmp_path / "pki"), tmp_path / "gate.sock", 1)


def manager_of(bootstrap: dict[str, Any]) -> dict[str, Any]:
    """Give the connection manager of the one listener."""
    (listener,) = bootstrap["static_resources"]["listeners"]
    (chain,) = listener["filter_chains"]
    (manager,) = chain["filters"]
    found: dict[str, Any] = manager["typed_config"]
    return found


def clusters_of(bootstrap: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the clusters by name."""
    return {each["name"]: each for each in bootstrap["static_resources"]["clusters"]}


def safety(bootstrap: dict[str, Any]) -> dict[str, Any]:
    """Give all that keeps what nobody decided from getting through."""
    manager = manager_of(bootstrap)
    filters = {each["name"]: each["typed_config"] for each in manager["http_filters"]}
    asking = dict(filters["envoy.filters.http.ext_authz"])
    assert not asking.pop("failure_mode_allow", False)
    assert not asking.pop("include_peer_certificate", False)
    service = asking.pop("grpc_service")
    breakers = clusters_of(bootstrap)["narrowgate"]["circuit_breakers"]["thresholds"][0]
    listener = bootstrap["static_resources"]["listeners"][0]
    tls = listener["filter_chains"][0]["transport_socket"]["typed_config"]
    return {
        "manager": {
            "forward_client_cert_details": "SANITIZE",
            **{name: manager[name] for name in MANAGER if name in manager},
        },
        "order": list(filters),
        "strip": filters["strip"],
        "asking": asking,
        "cluster": service["envoy_grpc"],
        "timeout": service["timeout"].rstrip("s").split(".")[0],
        "breakers": (breakers["max_requests"], breakers["max_pending_requests"]),
        "verifies callers": "validation_context" in tls["common_tls_context"],
        "wants certificates": tls.get("require_client_certificate", False),
        "runtime": bootstrap["layered_runtime"],
    }


def test_by_hand_as_written(file: Path, place: Place, home: Path) -> None:
    """What matters for safety is in the file by hand exactly as in what the command writes."""
    by_hand, written = configuration(place, file), configured(home, *OPTIONS[file])
    assert safety(by_hand) == safety(written)


def test_every_route_is_asked_about(file: Path, place: Place, home: Path) -> None:
    """No route leaves the gate out, sends twice, or leads elsewhere than its target's does."""
    bootstrap = configuration(place, file)
    targets = {each for each in clusters_of(configured(home, *OPTIONS[file])) if "/" in each}
    for host in manager_of(bootstrap)["route_config"]["virtual_hosts"]:
        assert not {"retry_policy", "typed_per_filter_config"} & set(host)
        for route in host["routes"]:
            ((name, per_route),) = route["typed_per_filter_config"].items()
            assert name == "envoy.filters.http.ext_authz"
            (settings,) = (value for key, value in per_route.items() if key != "@type")
            assert settings["context_extensions"]["target"] in targets
            assert set(route["route"]) == {"cluster", "timeout"}
            cluster = clusters_of(bootstrap)[route["route"]["cluster"]]
            validation = cluster["transport_socket"]["typed_config"]["common_tls_context"]
            assert validation["validation_context"]["match_typed_subject_alt_names"]


def test_workers_by_hand_as_written(home: Path) -> None:
    """Two workers are asked as the command writes it, and so is the one of the stand-alone file."""
    sockets = {"GATE_SOCKET": "/run/a.sock", "SECOND_GATE_SOCKET": "/run/b.sock"}
    parts = filled(FILES / "workers.yaml", sockets)
    options = ("--gate", "unix:/run/a.sock", "--gate", "unix:/run/b.sock")
    written = configured(home, *OPTIONS[AGENTS], *options)
    alone = yaml.safe_load(STANDALONE.read_text())

    assert _as_seconds(parts["cluster"]) == _as_seconds(clusters_of(written)["narrowgate"])
    assert _as_seconds(parts["grpc_service"]) == _as_seconds(_service_of(written))
    assert _as_seconds(parts["grpc_service"]) == _as_seconds(_service_of(alone))
    same = ("health_checks", "outlier_detection", "common_lb_config", "lb_policy")
    for name in same:
        assert clusters_of(alone)["narrowgate"][name] == parts["cluster"][name]


def test_the_gates_name_by_hand_as_written(tmp_path: Path) -> None:
    """By mTLS the gate is known by its name, in the file by hand as in what the command writes."""
    home = give_tcp_listeners(prepare_home(tmp_path))
    written = configured(
        home, "--listener", "tls", *OPTIONS[STANDALONE][2:], "--gate-identity", GATE_ID
    )
    alone = yaml.safe_load(STANDALONE.read_text())
    sockets = [clusters_of(each)["narrowgate"]["transport_socket"] for each in (alone, written)]
    assert sockets[0] == sockets[1]
    assert GATE_ID in str(sockets[0])


def _service_of(bootstrap: dict[str, Any]) -> dict[str, Any]:
    asking = manager_of(bootstrap)["http_filters"][1]["typed_config"]
    found: dict[str, Any] = asking["grpc_service"]
    return found


def _as_seconds(value: Any) -> Any:
    """Give *value* with durations and long numbers as numbers. What is 0 may be left out."""
    match value:
        case dict():
            each = {name: _as_seconds(inner) for name, inner in value.items()}
            return {name: inner for name, inner in each.items() if inner not in (0, 0.0)}
        case list():
            return [_as_seconds(inner) for inner in value]
        case str() if value.removesuffix("s").replace(".", "").isdigit():
            return float(value.removesuffix("s"))
    return value


def test_envoy_takes_it(file: Path, place: Place, tmp_path: Path) -> None:
    """Envoy's own validation passes, of the stand-alone file byte by byte."""
    if file == STANDALONE:
        place.authority.issue("envoy", ENVOY_ID)
        shipped = Path(shutil.copy(file, tmp_path / "envoy.yaml"))
    else:
        shipped = tmp_path / "filled.yaml"
        shipped.write_text(yaml.safe_dump(configuration(place, file)))
    assert envoy_refuses(shipped, tmp_path) == ""


@dataclass(frozen=True)
class Front:
    """An Envoy with a shipped file, and what stands before and behind."""

    door: Door
    upstream: Upstream
    records: KeptRecords

    def send(self, case: Case, *more: tuple[str, str]) -> tuple[Response, int]:
        """Send *case*; give the answer, and how much arrived."""
        before = len(self.upstream.seen)
        headers = [("host", case.host), *case.headers, *more]
        response = send_http1(self.door, case.method, case.path, headers, case.body)
        return response, len(self.upstream.seen) - before


CASE = case_named("search-allowed")


@contextmanager
def alone(decision_point: DecisionPoint, folder: Path, gate_id: str) -> Iterator[Front]:
    """Run the stand-alone file before a gate whose certificate says *gate_id*."""
    authority, records = Authority(folder / "pki"), KeptRecords()
    authority.issue("gate", gate_id)
    callers = frozenset({SpiffeId.parse(ENVOY_ID)})
    files = ("pki/gate.pem", "pki/gate.key", "pki/roots.pem")
    served = replace(decision_point, records=records, clock=lambda: CASE.now)
    with ExitStack() as opened:
        gate_port = opened.enter_context(reserved_port())
        listener = Listener("out", MutualTLS("127.0.0.1", gate_port, *files, callers))
        upstream = opened.enter_context(Upstream())
        opened.enter_context(serving_face(served, listener, folder))
        place = Place(folder / "envoy", authority, folder / "unused", upstream.port)
        bootstrap = _moved(place, gate_port)
        port = opened.enter_context(running_envoy(place, bootstrap))
        yield Front(_door(port, authority, CASE.principal), upstream, records)


def _moved(place: Place, gate_port: int) -> dict[str, Any]:
    """Give the stand-alone file for loopback: addresses and paths, and a plain upstream."""
    text = STANDALONE.read_text().replace("pki/", f"{place.authority.roots.parent}/")
    configuration(place)  # for the certificate
    bootstrap: dict[str, Any] = yaml.safe_load(text)
    bootstrap["admin"]["address"]["pipe"]["path"] = str(place.admin_socket)
    (listener,) = bootstrap["static_resources"]["listeners"]
    _move(listener["address"]["socket_address"], 0)
    ports = {"narrowgate": gate_port, "docs": place.upstream_port, "search": 1}
    for name, cluster in clusters_of(bootstrap).items():
        (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
        _move(endpoint["endpoint"]["address"]["socket_address"], ports[name])
    del clusters_of(bootstrap)["docs"]["transport_socket"]
    return bootstrap


def _move(address: dict[str, Any], port: int) -> None:
    address.update(address="127.0.0.1", port_value=port)


def _door(port: int, authority: Authority, *identities: str) -> Door:
    return Door(port, authority.roots, authority.issue("caller", *identities))


def test_stand_alone(decision_point: DecisionPoint, tmp_path: Path) -> None:
    """By TCP and mTLS: an allow, a deny, a foreign host, a forged identity."""
    with alone(decision_point, tmp_path, GATE_ID) as front:
        forged = ("x-workload-spiffe-id", "spiffe://example.org/ns/finance/sa/payer")
        response, arrived = front.send(CASE, forged)
        assert (response.status, arrived) == (200, 1)
        assert front.upstream.seen[0].by_name["x-workload-spiffe-id"] == CASE.principal

        response, arrived = front.send(case_named("no-token"))
        assert (response.status, arrived) == (401, 0)

        asked = len(front.records.rows)
        response, arrived = front.send(replace(CASE, host="docs.example"))
        assert (response.status, arrived, len(front.records.rows)) == (404, 0, asked)


def test_an_impostor_gate(decision_point: DecisionPoint, tmp_path: Path) -> None:
    """Who has a certificate of the same roots, and says yes to everything, is not asked."""
    with alone(decision_point, tmp_path, "spiffe://example.org/ns/tools/sa/docs") as front:
        response, arrived = front.send(CASE)
        assert (response.status, arrived, front.records.rows) == (503, 0, [])


def test_users(decision_point: DecisionPoint, place: Place, tmp_path: Path) -> None:
    """A user is who the token says, a certificate says nothing, and no tool can be reached."""
    records = KeptRecords()
    listener = Listener("in", UnixSocket(str(place.gate_socket)), ByNobody(), Direction.IN)
    served = replace(decision_point, records=records, clock=lambda: CASE.now)
    agent = replace(CASE, host="reporting-agent.reports.svc.cluster.local", path="/")
    with Upstream() as upstream, serving_face(served, listener, tmp_path):
        here = replace(place, upstream_port=upstream.port)
        with running_envoy(here, configuration(here, USERS)) as port:
            front = Front(_door(port, place.authority, CASE.principal), upstream, records)
            response, arrived = front.send(agent, ("x-narrowgate-user", "corp/root"))
            (record,) = records.rows
            # What agents are asked for is not decided yet, so nobody gets through (in-band).
            assert (response.status, arrived) == (200, 0)
            assert (record["verdict"], record["identity"], record["workload"]) == (
                "deny",
                "none",
                None,
            )
            assert (record["user"], record["target"]) == ("corp/alice", "reports/reporting-agent")

            response, arrived = front.send(CASE)
            assert (response.status, arrived, len(records.rows)) == (404, 0, 1)
