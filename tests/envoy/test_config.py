"""What `authz envoy config` writes, in a real Envoy before a real gate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from authz.server.decision_point import DecisionPoint
from examples.edge.certificates import Authority
from examples.edge.envoy import Place, running_envoy
from tests.identities.world import every_listener
from tests.support.cases import Case, case_named
from tests.support.clients import Door, Response, send_http1
from tests.support.envoy_config import (
    configured,
    envoy_refuses,
    give_tcp_listeners,
    identity_options,
    mtls_options,
    run_config,
)
from tests.support.gate import Gate, running_gate
from tests.support.upstream import Upstream
from tests.support.worlds import prepare_home

FORGED = (
    ("x-narrowgate-user", "corp/root"),
    ("x-workload-spiffe-id", "spiffe://example.org/ns/finance/sa/payer"),
    ("x-envoy-retry-on", "5xx"),
    ("x-api-key", "k"),
    ("x-original-url", "/admin"),
    ("x_narrowgate_user", "corp/root"),
)


@dataclass(frozen=True)
class Front:
    """An Envoy with a written bootstrap, the gate and an upstream."""

    gate: Gate
    upstream: Upstream
    door: Door

    def send(self, case: Case, *more: tuple[str, str]) -> Response:
        """Send *case* at its own instant."""
        self.gate.clock.moment = case.now
        headers = [("host", case.host), *case.headers, *more]
        return send_http1(self.door, case.method, case.path, headers, case.body)


@pytest.fixture(scope="module")
def front(
    home: Path, decision_point: DecisionPoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    """Everything but the upstream's address and Envoy's own is as declared."""
    folder = tmp_path_factory.mktemp("written")
    authority = Authority(folder / "pki")
    with Upstream() as upstream, running_gate(decision_point, folder) as gate:
        place = Place(folder / "envoy", authority, gate.socket, upstream.port)
        place.folder.mkdir()
        bootstrap = configured(
            home, "--listener", "out", "--listen", "127.0.0.1:0", *mtls_options(authority),
            "--gate", f"unix:{gate.socket}", "--admin", f"unix:{place.admin_socket}",
            "--upstream", f"tools/docs=http://127.0.0.1:{upstream.port}",
        )  # fmt: skip
        with running_envoy(place, bootstrap) as port:
            identity = authority.issue("agent", case_named("search-allowed").principal)
            yield Front(gate, upstream, Door(port, authority.roots, identity))


def test_an_allow(front: Front) -> None:
    """What is allowed arrives with our headers and without any that a caller made up."""
    before = len(front.upstream.seen)
    response = front.send(case_named("search-allowed"), *FORGED)

    assert response.status == 200
    (seen,) = front.upstream.seen[before:]
    assert seen.by_name["x-narrowgate-user"] == "corp/alice"
    assert seen.by_name["x-workload-spiffe-id"] == case_named("search-allowed").principal
    assert {name for name, _ in FORGED[2:]}.isdisjoint(seen.by_name)


def test_a_deny(front: Front) -> None:
    """What is refused gets the gate's own words and does not arrive."""
    before = len(front.upstream.seen)
    response = front.send(case_named("no-token"))

    assert (response.status, front.upstream.seen[before:]) == (401, [])
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_a_foreign_host(front: Front) -> None:
    """A host that nobody declared leads nowhere: the gate is not even asked."""
    records, before = front.gate.records.read_bytes(), len(front.upstream.seen)
    case = replace(case_named("search-allowed"), host="docs.example")
    response = front.send(case)

    assert (response.status, front.upstream.seen[before:]) == (404, [])
    assert front.gate.records.read_bytes() == records


def test_a_body_too_large(front: Front) -> None:
    """A body over the limit is refused by Envoy; on the limit it is judged."""
    case = case_named("search-allowed")
    too_large = replace(case, body=case.body + b" " * (262_145 - len(case.body)))
    assert front.send(too_large).status == 413
    assert front.send(replace(too_large, body=too_large.body[:-1])).status == 200


LISTENERS = (
    ("out",),
    ("out", "--workers", "3"),
    ("out", "--admin", "127.0.0.1:9901", "--max-body", "1024"),
    ("certificate",),
    ("waypoint",),
    ("beside",),
    ("named",),
    ("in-agents",),
    ("tls", "--gate-identity", "spiffe://example.org/ns/narrowgate/sa/gate"),
    ("mesh", "--gate", "gate.example:9101"),
    ("out", "--upstream", "tools/docs=https://[::1]:8443"),
    (
        "out",
        "--upstream-identity",
        "tools/docs=spiffe://example.org/ns/tools/sa/docs",
    ),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose Gate has a listener of every kind."""
    return give_tcp_listeners(every_listener(prepare_home(tmp_path_factory.mktemp("whole"))))


@pytest.mark.parametrize("options", LISTENERS, ids=" ".join)
def test_envoy_takes_it(options: tuple[str, ...], whole: Path, tmp_path: Path) -> None:
    """Envoy's own validation passes what is written for every kind of listener."""
    authority = Authority(tmp_path / "pki")
    file = tmp_path / "envoy.yaml"
    name, *more = options
    result = run_config(
        whole, "--listener", name, *mtls_options(authority), *more, "--output", str(file)
    )
    assert result.exit_code == 0, result.stderr
    assert envoy_refuses(file) == ""


@pytest.mark.parametrize("name", ["in", "client"])
def test_envoy_takes_it_without_callers_certificates(
    name: str, whole: Path, tmp_path: Path
) -> None:
    """Where no certificate says who asks, none is asked for."""
    authority = Authority(tmp_path / "pki")
    roots = ["--upstream-roots", str(authority.roots), "--format", "json"]
    file = tmp_path / "envoy.json"
    result = run_config(
        whole, "--listener", name, *identity_options(authority), *roots, "--output", str(file)
    )
    assert result.exit_code == 0, result.stderr
    assert envoy_refuses(file) == ""
    (listener,) = json.loads(file.read_text())["static_resources"]["listeners"]
    assert "validation_context" not in json.dumps(listener)
