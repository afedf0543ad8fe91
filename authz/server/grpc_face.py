"""The gRPC face: Envoy's `Authorization/Check`, health and reflection, one server a listener."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from authz._proto import external_auth_pb2
from authz.directory.listening import Listener
from authz.server.decision_point import DecisionPoint
from authz.server.listeners import admits, bind, open_certificates
from authz.server.needs import Patience
from authz.server.turns import AtOnce, Hands

SERVICE = external_auth_pb2.DESCRIPTOR.services_by_name["Authorization"].full_name
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


CHECK = f"/{SERVICE}/Check"


class Checks(grpc.GenericRpcHandler):
    """
    What answers the Checks that come in by one listener.

    The gRPC status is always OK. So messages are bytes: one that does not parse would
    otherwise be aborted before anybody could refuse it.
    """

    def __init__(self, decision_point: DecisionPoint, listener: Listener, hands: Hands) -> None:
        """
        Answer nothing yet.

        Args:
            decision_point: What decides.
            listener: By which they come.
            hands: Know whether there is too much to do.
        """
        self._decision_point, self._listener = decision_point, listener
        self._hands = hands
        self._answered: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
            self.check
        )

        def refuse(_requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
            return self.refuse(context)

        # As a stream that nobody reads: so the message is not even taken from the connection.
        refuse.experimental_thread_pool = AtOnce()  # type: ignore[attr-defined]
        self._refused: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_unary_rpc_method_handler(
            refuse
        )

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        """Give what answers one call, on the thread that hears of it."""
        if handler_call_details.method != CHECK:
            return None
        return self._refused if self._hands.are_full else self._answered

    def refuse(self, context: grpc.ServicerContext) -> bytes:
        """Refuse a Check that there is no time for."""
        if not admits(self._listener, context):
            return self._decision_point.refuse_stranger(self._listener.name)
        return self._decision_point.refuse_overload(self._listener.name)

    def check(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer one Check, when it is its turn."""
        if not admits(self._listener, context):
            return self._decision_point.refuse_stranger(self._listener.name)
        if self._hands.is_late or not context.is_active():
            return self._decision_point.refuse_overload(self._listener.name)
        metadata = joined(context.invocation_metadata())
        patience = Patience.of(context.time_remaining())
        return self._decision_point.answer(request, self._listener.name, metadata, patience)


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
        self._hands = Hands(f"check-{listener.name}")
        # Of a pool it wants `submit` alone.
        self._server = grpc.server(self._hands, options=_OPTIONS)  # type: ignore[arg-type]
        checks = Checks(decision_point, listener, self._hands)
        self._server.add_generic_rpc_handlers((checks,))
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

    @property
    def in_hand(self) -> int:
        """How many calls are taken on and not answered yet."""
        return self._hands.count

    def announce_outage(self) -> None:
        """Tell health checks that nothing can be allowed; Checks are answered all the same."""
        self._say(health_pb2.HealthCheckResponse(status="NOT_SERVING"))

    def announce_recovery(self) -> None:
        """Tell health checks that it serves again."""
        self._say(health_pb2.HealthCheckResponse(status="SERVING"))

    def _say(self, response: health_pb2.HealthCheckResponse) -> None:
        for name in (health.OVERALL_HEALTH, SERVICE):
            self._health.set(name, response.status)

    def announce_stop(self) -> None:
        """Tell health checks, for good, that it goes; Checks are answered all the same."""
        self._health.enter_graceful_shutdown()

    def begin_stop(self) -> None:
        """Turn health checks and new Checks away; leaving the block waits for those under way."""
        self.announce_stop()
        self._stopped = self._server.stop(self._drain_seconds)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._stopped is None:
                self.begin_stop()
            if self._stopped is not None:
                self._stopped.wait()
        finally:
            # Its threads would keep the process from ending.
            self._hands.shutdown()
            if self._lock is not None:
                self._lock.close()
