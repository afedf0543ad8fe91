"""One listener of the second front; what `GrpcFace` is of the first."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self, assert_never

from structlog.typing import FilteringBoundLogger

from authz.directory.compiled import RecordLevel
from authz.directory.listening import Listener, MeshRestricted, MutualTLS, UnixSocket
from authz.server.certificates import Texts
from authz.server.decision_point import DecisionPoint
from authz.server.listeners import CannotListen, claim_socket, open_certificates
from authz.server.pyvoy import bootstrap
from authz.server.pyvoy.bootstrap import Resource
from authz.server.pyvoy.checks import Answers, Checks, Deciding
from authz.server.pyvoy.health import NOT_SERVING, SERVING, Health
from authz.server.pyvoy.host import Host
from authz.server.pyvoy.services import Services

QUIET_SECONDS = 0.2
"""Without a Check after which a stop believes that callers have gone."""

FLUSH_SECONDS = 0.1
"""In which Envoy writes what it was given; it takes one turn of its loop."""

PAUSE = 0.01


Front = tuple[Host, FilteringBoundLogger, Deciding]
"""The Envoy around us, the log, and where Checks are decided."""


def faces_of(
    host: Host, log: FilteringBoundLogger
) -> Callable[[DecisionPoint, Listener, Path, float], PyvoyFace]:
    """Give what makes the faces of listeners of *host*."""

    def face(
        decision_point: DecisionPoint, listener: Listener, home: Path, drain_seconds: float
    ) -> PyvoyFace:
        level = decision_point.world.directory.gate.records_level
        deciding = Deciding.ASIDE if level is RecordLevel.DURABLE else Deciding.HERE
        return PyvoyFace(decision_point, listener, home, drain_seconds, (host, log, deciding))

    return face


class PyvoyFace:
    """One listener: open inside the `with` block, closed after it."""

    def __init__(
        self,
        answers: Answers,
        listener: Listener,
        home: Path,
        drain_seconds: float,
        front: Front,
    ) -> None:
        """
        Make the listener's address ours; nothing is accepted yet.

        Args:
            answers: What answers its Checks.
            listener: The address, and who is believed there.
            home: Where relative paths of the listener start.
            drain_seconds: How long Checks under way may take when it stops.
            front: See `Front`.

        Raises:
            CannotListen: the place is open to others, taken, or a file is missing.
        """
        self._host, log, deciding = front
        self._listener, self._home, self._drain_seconds = listener, home, drain_seconds
        self._health = Health()
        self._checks = Checks(answers, listener, deciding)
        self._app = Services(self._checks, self._health, log)
        self._stops_at: float | None = None
        self._lock: IO[str] | None = None
        self.certificates = open_certificates(listener, home)
        try:
            self._address, self._tls = self._claimed()
        except OSError as error:
            raise CannotListen(f"listener {listener.name}: {error}") from error

    def _claimed(self) -> tuple[Resource, Resource | None]:
        match self._listener.address:
            case UnixSocket(path):
                place = (self._home / path).absolute()
                self._lock = claim_socket(place)
                return bootstrap.pipe(place), None
            case MutualTLS(host=host, port=port):
                return _free_port(host, port), self._followed()
            case MeshRestricted(host=host, port=port):
                return _free_port(host, port), None
            case other:
                assert_never(other)

    def _followed(self) -> Resource:
        """Write the certificates for Envoy, now and whenever they are renewed."""
        if self.certificates is None:
            raise CannotListen(f"listener {self._listener.name}: there is no certificate")
        own, roots = f"{self._listener.name}-own", f"{self._listener.name}-roots"
        key = self.certificates.paths[1].absolute()

        def write(texts: Texts) -> None:
            pair = bootstrap.own_certificate(own, texts.certificate.decode(), key)
            self._host.write(bootstrap.secret_file(own), pair)
            trusted = bootstrap.authorities(roots, texts.roots.decode())
            self._host.write(bootstrap.secret_file(roots), trusted)

        self.certificates.hand_on(write)
        return bootstrap.mutual_tls(self._host.place, own, roots)

    def __enter__(self) -> Self:
        """
        Accept Checks, and say so to health checks.

        Raises:
            CannotListen: Envoy does not open the address.
        """
        name = self._listener.name
        app = self._host.app(f"listener_{name}", self._app)
        opened = bootstrap.listener(self._host.place, name, self._address, app, self._tls)
        self._host.open(name, opened, self._is_ours)
        self.announce_recovery()
        return self

    def _is_ours(self, name: object) -> bool:
        match self._address:
            case {"pipe": {"path": path}}:
                return bool(name == path)
            case {"socket_address": {"address": host, "port_value": port}}:
                return isinstance(name, tuple) and name[:2] == (host, port)
        return False

    def announce_outage(self) -> None:
        """Tell health checks that nothing can be allowed; Checks are answered all the same."""
        self._health.say(NOT_SERVING)

    def announce_recovery(self) -> None:
        """Tell health checks that it serves again."""
        self._health.say(SERVING)

    def announce_stop(self) -> None:
        """Tell health checks that it goes; Checks are answered all the same."""
        self._health.end()

    @property
    def in_hand(self) -> int:
        """How many Checks are taken on."""
        return self._checks.in_hand

    def begin_stop(self) -> None:
        """Turn health checks and new connections away; leaving the block waits for Checks."""
        self._health.end()
        self._host.close(self._listener.name)
        self._stops_at = time.monotonic() + self._drain_seconds

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stops_at is None:
            self.begin_stop()
        while not self._is_over(time.monotonic()):
            time.sleep(PAUSE)
        # From here on nothing is decided that its caller might not hear of.
        self._checks.close()
        time.sleep(FLUSH_SECONDS)
        if isinstance(self._listener.address, UnixSocket):
            (self._home / self._listener.address.path).unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()

    def _is_over(self, now: float) -> bool:
        if self._stops_at is None or now >= self._stops_at:
            return True
        return self._checks.in_hand == 0 and now - self._checks.last >= QUIET_SECONDS


def _free_port(host: str, port: int) -> Resource:
    """
    Give the address of *host* and *port*, where nobody listens.

    Envoy only warns of one that it cannot bind.

    Raises:
        CannotListen: somebody does.
        OSError: *host* is none.
    """
    (family, kind, protocol, _, where), *_ = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    with socket.socket(family, kind, protocol) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(where)
            tried.listen()
        except OSError as error:
            raise CannotListen(f"{host}:{port}: {error.strerror}") from error
    return bootstrap.port(str(where[0]), port)
