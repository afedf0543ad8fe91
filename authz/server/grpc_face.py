"""The gRPC face: Envoy's `Authorization/Check`, health and reflection, one server a listener."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from authz._proto import external_auth_pb2
from authz._proto.external_auth_pb2 import CheckResponse
from authz.directory.listening import Listener
from authz.server.decision_point import DecisionPoint
from authz.server.listeners import admits, bind, open_certificates
from authz.server.needs import Patience

SERVICE = external_auth_pb2.DESCRIPTOR.services_by_name["Authorization"].full_name
AT_WORK = 8
"""Checks that are decided at the same time."""

WAITING = 56
"""Checks that wait for their turn, each at most `PATIENCE`; what is beyond waits in gRPC."""

PATIENCE = 0.5
"""Seconds; well below the 2 s for which Envoy waits, so that the no still arrives."""

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
MAX_METADATA_BYTES = 1024 * 1024

_OPTIONS = (
    # Two processes must not share one address without saying so.
    ("grpc.so_reuseport", 0),
    # gRPC aborts what is larger, and an aborted call is no explicit refusal; the sender is a listed
    # Envoy, which has limits of its own.
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
)


def check_handler(
    decision_point: DecisionPoint, listener: Listener, turns: threading.Semaphore
) -> grpc.GenericRpcHandler:
    """
    Give what answers the Checks that come in by one listener.

    The gRPC status is always OK. So the message is taken as bytes: one that
    does not parse would otherwise be aborted before anybody could refuse it.
    A Check that gets none of *turns* in time is refused unread.
    """

    def check(request: bytes, context: grpc.ServicerContext) -> CheckResponse:
        if not admits(listener, context):
            return decision_point.refuse_stranger(listener.name)
        if not context.is_active() or not turns.acquire(timeout=PATIENCE):
            return decision_point.refuse_overload(listener.name)
        try:
            return decide(request, context)
        finally:
            turns.release()

    @contextmanager
    def aside() -> Iterator[None]:
        """Let another Check have the turn while this one waits for somebody elsewhere."""
        turns.release()
        try:
            yield
        finally:
            turns.acquire()

    def decide(request: bytes, context: grpc.ServicerContext) -> CheckResponse:
        metadata = joined(context.invocation_metadata())
        patience = Patience.of(context.time_remaining(), aside)
        return decision_point.answer(request, listener.name, metadata, patience)

    method: grpc.RpcMethodHandler[bytes, CheckResponse] = grpc.unary_unary_rpc_method_handler(
        check, request_deserializer=None, response_serializer=CheckResponse.SerializeToString
    )
    return grpc.method_handlers_generic_handler(SERVICE, {"Check": method})


def joined(metadata: Iterable[tuple[str, str | bytes]]) -> dict[str, str]:
    """Give gRPC metadata by name, several values of one name joined by a bare comma."""
    values: dict[str, str] = {}
    for name, value in metadata:
        if isinstance(value, str):
            values[name] = f"{values[name]},{value}" if name in values else value
    return values


class GrpcFace:
    """One listener: bound when it is made, serving inside the `with` block, free again after it."""

    def __init__(
        self, decision_point: DecisionPoint, listener: Listener, home: Path, drain_seconds: float
    ) -> None:
        """
        Bind the listener's address.

        Args:
            decision_point: What answers its Checks.
            listener: The address, and who is believed there.
            home: Where relative paths of the listener start.
            drain_seconds: How long Checks under way may take when it stops.

        Raises:
            CannotListen: see `listeners.bind`.
        """
        self._drain_seconds = drain_seconds
        self._health = health.HealthServicer()
        self._server = grpc.server(
            ThreadPoolExecutor(AT_WORK + WAITING, thread_name_prefix=f"check-{listener.name}"),
            options=_OPTIONS,
        )
        turns = threading.BoundedSemaphore(AT_WORK)
        self._server.add_generic_rpc_handlers((check_handler(decision_point, listener, turns),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)
        self.certificates = open_certificates(listener, home)
        self._lock: IO[str] | None = bind(self._server, listener, home, self.certificates)
        self._stopped: threading.Event | None = None

    def __enter__(self) -> Self:
        """Accept Checks, and say so to health checks."""
        self._server.start()
        self.announce_recovery()
        return self

    def announce_outage(self) -> None:
        """Tell health checks that nothing can be allowed; Checks are answered all the same."""
        self._say(health_pb2.HealthCheckResponse(status="NOT_SERVING"))

    def announce_recovery(self) -> None:
        """Tell health checks that it serves again."""
        self._say(health_pb2.HealthCheckResponse(status="SERVING"))

    def _say(self, response: health_pb2.HealthCheckResponse) -> None:
        for name in (health.OVERALL_HEALTH, SERVICE):
            self._health.set(name, response.status)

    def begin_stop(self) -> None:
        """Turn health checks and new Checks away; leaving the block waits for those under way."""
        self._health.enter_graceful_shutdown()
        self._stopped = self._server.stop(self._drain_seconds)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stopped is None:
            self.begin_stop()
        if self._stopped is not None:
            self._stopped.wait()
        if self._lock is not None:
            self._lock.close()
