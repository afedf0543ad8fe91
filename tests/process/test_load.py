"""More than can be done: what there is no time for is refused in words, and recorded."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest

from authz._proto.external_auth_pb2 import CheckResponse
from authz._proto.external_auth_pb2_grpc import AuthorizationStub
from authz.directory.listening import Listener, UnixSocket
from authz.server import http_public
from authz.server.decision_point import DecisionPoint
from authz.server.grpc_face import AT_WORK, SERVICE, GrpcFace, check_handler
from authz.server.http_public import MAX_CONNECTIONS, HttpFace
from authz.settings import HttpAddress
from tests.support.cases import case_named
from tests.support.direct import KeptRecords, check_of

TIMEOUT_SECONDS = 20
EXTRA = 8
LARGE = 10_000_000
CASE = case_named("search-allowed")


class SlowRecords(KeptRecords):
    """A log that keeps every allow waiting until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def write(self, record: Mapping[str, object]) -> None:
        """Keep *record*, late if it is an allow."""
        if record["verdict"] == "allow":
            self.go_on.wait(TIMEOUT_SECONDS)
        super().write(record)


@contextmanager
def _serving(
    decision_point: DecisionPoint, records: KeptRecords, folder: Path
) -> Iterator[grpc.Channel]:
    path = folder / "run" / "out.sock"
    served = replace(decision_point, records=records, clock=lambda: CASE.now)
    listener = Listener("out", UnixSocket(str(path)))
    with (
        GrpcFace(served, listener, folder, drain_seconds=1),
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


def test_overload(decision_point: DecisionPoint, tmp_path: Path) -> None:
    """While all turns are taken a Check is told so: an explicit 503 with a record, soon."""
    records = SlowRecords()
    with (
        _serving(decision_point, records, tmp_path) as channel,
        ThreadPoolExecutor(AT_WORK + EXTRA) as pool,
    ):
        asked = [pool.submit(_ask, channel) for _ in range(AT_WORK + EXTRA)]
        refused = _first(EXTRA, asked)
        records.go_on.set()
        codes = [future.result().status.code for future in asked]

    assert [each.denied_response.status.code for each in refused] == [503] * EXTRA
    assert codes.count(0) == AT_WORK
    reasons = [row["reason"] for row in records.rows]
    assert (reasons.count("overloaded"), reasons.count("allow")) == (EXTRA, AT_WORK)


class Called(NamedTuple):
    """Which method is called."""

    method: str
    invocation_metadata: tuple[()]


class Gone:
    """The context of a Check whose caller waits no longer."""

    def is_active(self) -> bool:
        """Say no."""
        return False


def test_who_has_gone(decision_point: DecisionPoint) -> None:
    """A Check whose Envoy has gone takes no turn from others: it is refused unread, on record."""
    records, turns = KeptRecords(), threading.BoundedSemaphore(1)
    listener = Listener("out", UnixSocket("x"))
    handler: Any = check_handler(replace(decision_point, records=records), listener, turns)
    method = handler.service(Called(f"/{SERVICE}/Check", ()))
    response = method.unary_unary(check_of(CASE).SerializeToString(), Gone())

    assert response.denied_response.status.code == 503
    assert [row["reason"] for row in records.rows] == ["overloaded"]
    assert turns.acquire(blocking=False)


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


def test_connections_of_anybody_are_bounded() -> None:
    """Whoever opens connections to the public face without end does not get all descriptors."""
    with (
        HttpFace(HttpAddress("127.0.0.1", 0), lambda: b"{}", dict) as face,
        _connected(face.port, MAX_CONNECTIONS + EXTRA) as connections,
    ):
        assert all(_is_closed(each) for each in connections[MAX_CONNECTIONS:])


def test_silent_connections_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that asks for nothing is closed; one that asks is answered."""
    monkeypatch.setattr(http_public, "SILENT_SECONDS", 0.2)
    with (
        HttpFace(HttpAddress("127.0.0.1", 0), lambda: b"{}", dict) as face,
        _connected(face.port, 2) as (silent, asking),
    ):
        asking.sendall(b"GET /livez HTTP/1.1\r\nhost: gate\r\n\r\n")

        assert asking.recv(12) == b"HTTP/1.1 200"
        assert _is_closed(silent)
