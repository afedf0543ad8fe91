"""The traps before a gate of two workers, each of which has a part of the calls."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from authz.model.instant import Instant
from authz.server.decision_point import DecisionPoint
from authz.settings import Front
from examples.edge.certificates import Authority
from examples.edge.envoy import Place, fetch, running_envoy
from tests.hostile.edges import Edges, running_edges
from tests.hostile.judging import spring
from tests.hostile.traps import all_traps
from tests.support.edge import Edge
from tests.support.envoy import opened_configuration
from tests.support.front import FRONT
from tests.support.gate import Gate
from tests.support.served import serving
from tests.support.upstream import Upstream
from tests.support.waiting import wait_until
from tests.support.workers import TWO, sockets_of, with_workers
from tests.support.worlds import prepare_home

pytestmark = [
    pytest.mark.skipif(FRONT is not Front.GRPCIO, reason="--workers goes with grpcio alone"),
    pytest.mark.skipif(
        "NARROWGATE_TRY_WORKERS" not in os.environ, reason="a minute; `make test-workers` runs it"
    ),
]

HOURS = """context.session.clock.weekday <= 5 && context.session.clock.hour >= 8 \
&& context.session.clock.hour < 18"""
TOKENS_SECONDS = 20
"""For which a trap's token is used; it is good for a minute."""


@pytest.fixture
def edges(decision_point: DecisionPoint, tmp_path: Path) -> Iterator[Edges]:
    """`authz serve --workers 2` behind a real Envoy."""
    authority = Authority(tmp_path / "pki")
    home = open_at_all_hours(prepare_home(tmp_path / "home"))
    with Upstream() as upstream, serving(home, tmp_path / "log", TWO) as served:
        place = Place(tmp_path / "envoy", authority, served.socket, upstream.port)
        bootstrap = opened_configuration(place, sorted(decision_point.world.directory.targets))
        with running_envoy(place, with_workers(bootstrap, sockets_of(served))) as port:
            gate = Gate(served.socket, home / "records/decisions.jsonl")
            edge = Edge(tmp_path, port, gate, authority, upstream)
            wait_until(lambda: all(each["healthy"] for each in workers(place)))
            with running_edges(edge, decision_point, tmp_path / "edges") as running:
                yield running
            assert all(each["asked"] for each in workers(place)), "one had nothing to do"


def open_at_all_hours(home: Path) -> Path:
    """Let refunds be paid at any hour: this gate has the time of whoever runs the test."""
    refunds = home / "policies/ns/finance/refunds.cedar"
    text = refunds.read_text()
    assert HOURS in text
    refunds.write_text(text.replace(HOURS, "true"))
    return home


def workers(place: Place) -> list[Mapping[str, Any]]:
    """Say of each worker what Envoy holds of it, and how often it was asked."""
    told = json.loads(fetch(place.admin_socket, "/clusters?format=json"))
    (gate,) = (each for each in told["cluster_statuses"] if each["name"] == "narrowgate")
    return [
        {
            "healthy": host["health_status"] == {"eds_health_status": "HEALTHY"},
            "asked": sum(
                int(each.get("value", 0)) for each in host["stats"] if each["name"] == "rq_total"
            ),
        }
        for host in gate["host_statuses"]
    ]


def test_traps(edges: Edges, decision_point: DecisionPoint) -> None:
    """Every trap ends as it must, whoever has it; tokens and records are of now."""
    wrong = []
    for number in range(len(all_traps(_moment()))):
        trap = all_traps(_moment())[number]
        if trap.at == "out":
            met = spring(trap, edges, (), decision_point.world.directory)
            wrong += [(str(trap), each) for each in (*met.wrong_allows, *met.wrong_answers)]

    assert wrong == []


def _moment() -> Instant:
    now = int(time.time())
    return Instant(now - now % TOKENS_SECONDS)
