"""SIGTERM under load: what was accepted is answered, what was answered is recorded, and no more."""

from __future__ import annotations

import contextlib
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from authz._proto.external_auth_pb2 import CheckResponse
from authz.server.grpc_face import SERVICE
from tests.process.test_outage import CALLS, ask, decision_of
from tests.support.served import Served, serving
from tests.support.waiting import wait_until
from tests.support.worlds import prepare_home

CLIENTS = 48
"""More than are decided at once, so that some are waiting for their turn when the stop comes."""

ENOUGH = 200
STOP_SECONDS = 30
NOT_ACCEPTED = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
"""How a Check ends that comes too late, or that gRPC has not handed over yet: Envoy denies then."""


def keep_asking(served: Served, number: int, answers: list[CheckResponse]) -> grpc.StatusCode:
    """Ask until a Check is not accepted; give how that one ended."""
    with grpc.insecure_channel(f"unix:{served.socket}") as channel:
        while True:
            try:
                answers.append(ask(channel, CALLS[number % len(CALLS)]))
            except grpc.RpcError as error:
                return error.code()


def watch(served: Served, said: list[int]) -> None:
    """Collect what a health check that stays is told, until the server goes."""
    with grpc.insecure_channel(f"unix:{served.socket}") as channel:
        follow = health_pb2_grpc.HealthStub(channel).Watch  # type: ignore[attr-defined]
        answers = follow(health_pb2.HealthCheckRequest(service=SERVICE))
        with contextlib.suppress(grpc.RpcError):
            said.extend(answer.status for answer in answers)


def test_sigterm_under_load(tmp_path: Path) -> None:
    """Every decision on record reached its caller, and every answer is on record, allows too."""
    answers: list[CheckResponse] = []
    said: list[int] = []
    with (
        serving(prepare_home(tmp_path), tmp_path / "gate.log") as served,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        watching = threading.Thread(target=watch, args=(served, said))
        watching.start()
        asking = [pool.submit(keep_asking, served, n, answers) for n in range(CLIENTS)]
        wait_until(lambda: len(answers) >= ENOUGH and bool(said))
        served.process.send_signal(signal.SIGTERM)
        code = served.process.wait(STOP_SECONDS)
        ends = {each.result(STOP_SECONDS) for each in asking}
        watching.join(STOP_SECONDS)

    assert code == 0
    assert ends <= NOT_ACCEPTED
    status = health_pb2.HealthCheckResponse
    assert said == [status.SERVING, status.NOT_SERVING]
    assert sorted(map(decision_of, answers)) == sorted(row["decision"] for row in served.records)
    assert any(each.status.code == 0 for each in answers)
