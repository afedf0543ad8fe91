"""Two workers behind a real Envoy, as `envoy/workers.yaml` says: no call fails when one goes."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from authz.model.instant import Instant
from authz.settings import Front
from examples.edge.certificates import Authority
from examples.edge.envoy import Place, fetch, running_envoy
from tests.support.cases import case_at
from tests.support.clients import Door, send_http1
from tests.support.edge import headers_of
from tests.support.envoy import opened_configuration
from tests.support.front import FRONT
from tests.support.served import Served, serving
from tests.support.upstream import Upstream
from tests.support.waiting import wait_until
from tests.support.workers import TWO, sockets_of, with_workers
from tests.support.worlds import prepare_home

pytestmark = pytest.mark.skipif(
    FRONT is not Front.GRPCIO, reason="--workers goes with grpcio alone"
)

CLIENTS = 4
ENOUGH = 50


class Calls:
    """Calls that are kept coming, and how each ended."""

    def __init__(self, door: Door) -> None:
        self.ends: Counter[int] = Counter()
        self._door = door
        self._case = case_at("search-allowed", Instant(int(time.time())))
        self._is_over = threading.Event()

    def _keep_calling(self) -> None:
        case = self._case
        while not self._is_over.is_set():
            response = send_http1(self._door, case.method, case.path, headers_of(case), case.body)
            self.ends[response.status] += 1

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Call until the block ends; what a thread raises is raised here."""
        with ThreadPoolExecutor(CLIENTS) as pool:
            futures = [pool.submit(self._keep_calling) for _ in range(CLIENTS)]
            try:
                yield
            finally:
                self._is_over.set()
            for future in futures:
                future.result()


@dataclass(frozen=True)
class Edge:
    """What runs."""

    served: Served
    calls: Calls
    place: Place

    def well(self) -> int:
        """Say how many workers Envoy holds to be well."""
        told = json.loads(fetch(self.place.admin_socket, "/clusters?format=json"))
        (gate,) = (each for each in told["cluster_statuses"] if each["name"] == "narrowgate")
        states = [host["health_status"] for host in gate["host_statuses"]]
        return sum(state == {"eds_health_status": "HEALTHY"} for state in states)

    def starts(self) -> int:
        """Say how often a worker has begun to serve."""
        return [each["event"] for each in self.served.events].count("worker_serving")


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    """A gate of two workers, and calls that reach it through Envoy."""
    authority = Authority(tmp_path / "pki")
    with Upstream() as upstream, serving(prepare_home(tmp_path), tmp_path / "log", TWO) as served:
        case = case_at("search-allowed", Instant(int(time.time())))
        place = Place(tmp_path / "envoy", authority, served.socket, upstream.port)
        bootstrap = opened_configuration(place, [str(case.target)])
        bootstrap = with_workers(bootstrap, sockets_of(served))
        with running_envoy(place, bootstrap) as port:
            identity = authority.issue("agent", case.principal)
            yield Edge(served, Calls(Door(port, authority.roots, identity)), place)


def test_one_goes(edge: Edge) -> None:
    """One that is told to go, and one that is killed, cost no call; each is replaced."""
    served, calls = edge.served, edge.calls
    first, second = served.wait_ready()["workers"]
    wait_until(lambda: edge.well() == 2)
    with calls.coming():
        wait_until(lambda: calls.ends.total() >= ENOUGH)
        os.kill(first, signal.SIGTERM)
        wait_until(lambda: edge.starts() == 3 and edge.well() == 2)
        os.kill(second, signal.SIGKILL)
        wait_until(lambda: edge.starts() == 4 and edge.well() == 2)
        enough = calls.ends.total() + ENOUGH
        wait_until(lambda: calls.ends.total() >= enough)

    assert set(calls.ends) == {200}
    ends = [each for each in served.events if each["event"] == "worker_ended"]
    assert [(each["worker"], each["code"]) for each in ends] == [(0, 0), (1, -9)]
