"""`authz serve --workers 2`: one world, two processes, and one that looks after them."""

from __future__ import annotations

import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from authz._proto.external_auth_pb2 import CheckResponse
from authz.settings import Front
from tests.process.test_outage import ask, decision_of
from tests.support.front import FRONT
from tests.support.served import Served, serving, start
from tests.support.waiting import wait_until
from tests.support.worlds import prepare_home

STOP_SECONDS = 30
pytestmark = pytest.mark.skipif(
    FRONT is not Front.GRPCIO, reason="--workers goes with grpcio alone"
)

TWO = ("--http", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--workers", "2")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Two workers."""
    with serving(prepare_home(tmp_path), tmp_path / "gate.log", TWO) as running:
        yield running


def _socket(served: Served, worker: int) -> Path:
    return served.socket if worker == 0 else served.socket.with_name(f"out.{worker}.sock")


def _ask(served: Served, worker: int, case: str = "search-allowed") -> CheckResponse:
    with grpc.insecure_channel(f"unix:{_socket(served, worker)}") as channel:
        return ask(channel, case)


def _answers(served: Served, worker: int) -> bool:
    try:
        return bool(_ask(served, worker).status.code == 0)
    except grpc.RpcError:
        return False


def _readyz(served: Served) -> dict[str, Any]:
    port = served.wait_ready()["http_port"]
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/readyz", timeout=STOP_SECONDS
        ) as answer:
            told = answer.read()
    except urllib.error.HTTPError as error:
        told = error.read()
    found: dict[str, Any] = json.loads(told)
    return found


def _ends(served: Served) -> list[tuple[int, int]]:
    events = [each for each in served.events if each["event"] == "worker_ended"]
    return [(each["worker"], each["code"]) for each in events]


def _metric(served: Served, line: str) -> float:
    """Give what a line of the metrics begins to say."""
    (port,) = (each["port"] for each in served.events if each["event"] == "metrics")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=STOP_SECONDS) as answer:
        lines = answer.read().decode().splitlines()
    (value,) = (each.rpartition(" ")[2] for each in lines if each.startswith(line))
    return float(value)


def test_life_of_workers(served: Served) -> None:
    """Both answer into one log, and are counted together; one that is killed is replaced."""
    allows = 'narrowgate_checks_total{reason="allow"'
    answers = [_ask(served, worker) for worker in (0, 1, 0, 1)]
    wait_until(lambda: _metric(served, allows) == len(answers))
    told = _readyz(served)
    assert told["ready"] is True
    assert [row["ready"] for row in told["workers"]] == [True, True]
    assert len({row["world"] for row in told["workers"]}) == 1
    assert b'"kid":"gate-1"' in _key_set(served)

    os.kill(served.wait_ready()["workers"][0], signal.SIGKILL)
    wait_until(lambda: not _readyz(served)["ready"])
    answers.append(_ask(served, 1))
    wait_until(lambda: _readyz(served)["ready"])
    answers.append(_ask(served, 0))
    assert _ends(served) == [(0, -9)]
    wait_until(lambda: _metric(served, allows) == len(answers))
    assert _metric(served, "narrowgate_worker_restarts_total") == 1

    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(STOP_SECONDS) == 0
    assert all(each.status.code == 0 for each in answers)
    assert sorted(map(decision_of, answers)) == sorted(row["decision"] for row in served.records)


def _key_set(served: Served) -> bytes:
    port = served.wait_ready()["http_port"]
    address = f"http://127.0.0.1:{port}/.well-known/jwks.json"
    with urllib.request.urlopen(address, timeout=STOP_SECONDS) as answer:
        found: bytes = answer.read()
    return found


def test_no_worker_outlives_its_supervisor(served: Served) -> None:
    """Whom nobody looks after does not serve: a supervisor that is killed takes all with it."""
    assert _answers(served, 0)
    assert _answers(served, 1)

    served.process.kill()
    served.process.wait()

    wait_until(lambda: not _answers(served, 0) and not _answers(served, 1))


def test_start_that_fails(tmp_path: Path) -> None:
    """A world that does not load ends all with its own exit code, and is told once."""
    home = prepare_home(tmp_path)
    (home / "directory/global/gate.yaml").write_text("kind: Gate\n")
    served = start(home, tmp_path / "gate.log", TWO)

    assert served.process.wait(STOP_SECONDS) == 3
    told = [each for each in served.events if each["event"] == "invalid_world"]
    assert {each["worker"] for each in told} == {0}


def test_places_that_collide(tmp_path: Path) -> None:
    """A listener where another one's second worker would be keeps all from starting."""
    home = prepare_home(tmp_path)
    gate = home / "directory/global/gate.yaml"
    gate.write_text(gate.read_text().replace("run/in.sock", "run/out.1.sock"))
    served = start(home, tmp_path / "gate.log", TWO)

    assert served.process.wait(STOP_SECONDS) == 4
    assert "worker 1 of listener out" in served.log.read_text()
