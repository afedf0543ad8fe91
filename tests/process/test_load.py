"""More than can be done: what there is no time for is refused in words, and recorded."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any, cast

import grpc
import pytest

from authz._proto.external_auth_pb2 import CheckResponse
from authz._proto.external_auth_pb2_grpc import AuthorizationStub
from authz.directory.listening import Listener, UnixSocket
from authz.server import http_server, turns
from authz.server.decision_point import DecisionPoint
from authz.server.grpc_face import CHECK, Checks
from authz.server.http_public import HttpFace
from authz.server.http_server import MAX_CONNECTIONS
from authz.server.pyvoy.checks import Deciding
from authz.server.turns import IN_HAND, Hands
from authz.settings import Front, HttpAddress
from tests.support.cases import case_named
from tests.support.direct import KeptRecords, check_of
from tests.support.front import FRONT, serving_face
from tests.support.values import replace
from tests.support.waiting import wait_until

TIMEOUT_SECONDS = 20
EXTRA = 8
LARGE = 10_000_000
CASE = case_named("search-allowed")


class SlowRecords(KeptRecords):
    """A log that keeps every allow waiting until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def write(self, line: bytes) -> None:
        """Keep the record of *line*, late if it is an allow."""
        if json.loads(line)["verdict"] == "allow":
            self.go_on.wait(TIMEOUT_SECONDS)
        super().write(line)


@contextmanager
def _serving(
    decision_point: DecisionPoint, records: KeptRecords, folder: Path
) -> Iterator[grpc.Channel]:
    path = folder / "run" / "out.sock"
    served = replace(decision_point, records=records, clock=lambda: CASE.now)
    listener = Listener("out", UnixSocket(str(path)))
    with (
        serving_face(served, listener, folder, Deciding.ASIDE),
        grpc.insecure_channel(f"unix:{path}") as channel,
    ):
        yield channel


def _ask(channel: grpc.Channel, padding: int = 0, metadata: int = 0) -> CheckResponse:
    request = check_of(CASE)
    if padding:
        request.attributes.request.http.headers["x-padding"] = "x" * padding
    check = AuthorizationStub(channel).Check  # type: ignore[no-untyped-call]
    sent = (("tracestate", "x" * metadata),) if metadata else ()
    response: CheckResponse = check(request, timeout=TIMEOUT_SECONDS, metadata=sent)
    return response


@pytest.mark.skipif(FRONT is not Front.GRPCIO, reason="its patience is in another process")
def test_no_turn_in_time(
    decision_point: DecisionPoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes to run too late is told so: an explicit 503 with a record."""
    monkeypatch.setattr(turns, "PATIENCE", -1.0)
    records = KeptRecords()
    with _serving(decision_point, records, tmp_path) as channel:
        response = _ask(channel)

    assert response.denied_response.status.code == 503
    assert [row["reason"] for row in records.rows] == ["overloaded"]


def test_who_says_nothing(
    decision_point: DecisionPoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls that never send their message keep nobody from an answer; too many are refused."""
    monkeypatch.setattr(turns, "PATIENCE", TIMEOUT_SECONDS)
    records, silent = KeptRecords(), threading.Event()
    with _serving(decision_point, records, tmp_path) as channel:
        open_call: Any = channel.stream_unary(CHECK)

        def nothing() -> Iterator[bytes]:
            silent.wait()
            yield from ()

        calls = [open_call.future(nothing()) for _ in range(IN_HAND - 1)]
        allowed = _ask(channel)
        calls.extend(open_call.future(nothing()) for _ in range(EXTRA))
        wait_until(lambda: _ask(channel).denied_response.status.code == 503)
        silent.set()
        for call in calls:
            call.cancel()

    assert allowed.status.code == 0


def test_too_much(
    decision_point: DecisionPoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    What comes when enough are in hand is refused at once, though nobody gives up waiting.

    So nothing queues up unseen: the first answers are those of the calls too many.
    """
    monkeypatch.setattr(turns, "PATIENCE", TIMEOUT_SECONDS)
    records = SlowRecords()
    with (
        _serving(decision_point, records, tmp_path) as channel,
        ThreadPoolExecutor(IN_HAND + EXTRA) as pool,
    ):
        asked = [pool.submit(_ask, channel) for _ in range(IN_HAND + EXTRA)]
        refused = _first(EXTRA, asked)
        records.go_on.set()
        codes = [future.result().status.code for future in asked]

    assert [each.denied_response.status.code for each in refused] == [503] * EXTRA
    assert codes.count(0) == IN_HAND
    reasons = [row["reason"] for row in records.rows]
    assert (reasons.count("overloaded"), reasons.count("allow")) == (EXTRA, IN_HAND)


class Gone:
    """The context of a Check whose caller waits no longer."""

    def is_active(self) -> bool:
        """Say no."""
        return False


def test_who_has_gone(decision_point: DecisionPoint) -> None:
    """A Check whose Envoy has gone takes no turn from others: it is refused unread, on record."""
    records, hands = KeptRecords(), Hands("check")
    listener = Listener("out", UnixSocket("x"))
    checks = Checks(replace(decision_point, records=records), listener, hands)
    request = check_of(CASE).SerializeToString()
    answers: SimpleQueue[bytes] = SimpleQueue()
    hands.submit(lambda: answers.put(checks.check(request, cast(Any, Gone()))))
    response = CheckResponse.FromString(answers.get(timeout=TIMEOUT_SECONDS))
    hands.shutdown()

    assert response.denied_response.status.code == 503
    assert [row["reason"] for row in records.rows] == ["overloaded"]


def _first(count: int, asked: list[Future[CheckResponse]]) -> list[CheckResponse]:
    done = as_completed(asked, timeout=TIMEOUT_SECONDS)
    return [next(done).result() for _ in range(count)]


@pytest.mark.parametrize("sizes", [{"padding": LARGE}, {"metadata": 100_000}], ids=str)
def test_large_checks_are_answered(
    sizes: dict[str, int], decision_point: DecisionPoint, tmp_path: Path
) -> None:
    """A Check of many megabytes, or with much metadata, is answered and not aborted."""
    records = KeptRecords()
    with _serving(decision_point, records, tmp_path) as channel:
        response = _ask(channel, **sizes)

    assert response.HasField("status")
    assert len(records.rows) == 1


@contextmanager
def _connected(port: int, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as opened:
        yield [
            opened.enter_context(socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS))
            for _ in range(count)
        ]


def _is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_connections_of_anybody_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens connections to the public face without end does not get all descriptors."""
    monkeypatch.setattr(http_server, "SILENT_SECONDS", 10 * TIMEOUT_SECONDS)
    with (
        HttpFace(HttpAddress("127.0.0.1", 0), lambda: b"{}", dict) as face,
        _connected(face.port, MAX_CONNECTIONS + EXTRA) as connections,
    ):
        assert all(_is_closed(each) for each in connections[MAX_CONNECTIONS:])


def test_silent_connections_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that asks for nothing is closed; one that asks in time is answered."""
    with HttpFace(HttpAddress("127.0.0.1", 0), lambda: b"{}", dict) as face:
        monkeypatch.setattr(http_server, "SILENT_SECONDS", TIMEOUT_SECONDS)
        with _connected(face.port, 1) as (asking,):
            asking.sendall(b"GET /livez HTTP/1.1\r\nhost: gate\r\n\r\n")
            assert asking.recv(12) == b"HTTP/1.1 200"

        monkeypatch.setattr(http_server, "SILENT_SECONDS", 0.2)
        with _connected(face.port, 1) as (silent,):
            assert _is_closed(silent)
