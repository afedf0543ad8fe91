"""Composition: the parts of a running gate, opened in order and closed in reverse."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from structlog.typing import FilteringBoundLogger

from authz.audit.levels import open_records
from authz.directory.compiled import Gate
from authz.directory.diagnostics import InvalidWorld, Severity
from authz.directory.listening import MeshRestricted
from authz.directory.load import OwnPlaces
from authz.server.asking import Asking
from authz.server.beside import collect_rarely, set_aside
from authz.server.certificates import Certificates
from authz.server.decision_point import DecisionPoint, read_clock
from authz.server.faces import Face, Faces
from authz.server.grpc_face import GrpcFace
from authz.server.http_public import HttpFace
from authz.server.listeners import CannotListen
from authz.server.reload import Reload
from authz.server.standing import Standing
from authz.server.status import OneProcess
from authz.server.status_socket import open_status_socket
from authz.server.watching import Watching
from authz.server.worlds import CurrentWorld
from authz.settings import Exit, HttpAddress, Otlp, ServeSettings
from authz.sources.declared import ChangedMeanwhile, Declared
from authz.sources.kept import KeptVerdict
from authz.sources.opening import open_declared
from authz.sources.peer import Outside
from authz.sources.validate import Validator
from authz.telemetry.counts import Now, Seen, Totals
from authz.telemetry.logs import open_log
from authz.telemetry.tracing import Tracing
from authz.tokens.seals import Seals
from authz.tokens.signing_keys import KeysUnusable, SigningKeys, open_key_ring
from authz.workers.places import PlacesCollide, check_places, place_of
from authz.workers.report import Telling

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class PublicFace(Protocol):
    """Where whoever asks is told how this process stands, and which keys sign."""

    port: int

    def __enter__(self) -> Self:
        """Begin to tell."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Tell no more."""

    def announce_ready(self) -> None:
        """Say that Checks are answered."""

    def announce_outage(self) -> None:
        """Say that nothing can be allowed now."""

    def announce_recovery(self) -> None:
        """Say that it is over."""

    def announce_stop(self) -> None:
        """Say that it goes."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Which of several processes this one is, and by what it says how it stands."""

    number: int
    """From 0."""

    workers: int
    open_face: Callable[[Telling], PublicFace]

    @classmethod
    def alone(cls, settings: ServeSettings) -> Seat:
        """Give the seat of the only process."""
        return cls(0, 1, lambda told: HttpFace(settings.http, told.jwks, told.standing))


def serve(settings: ServeSettings, seat: Seat | None = None, make: Faces = GrpcFace) -> Exit:
    """
    Serve until SIGTERM or SIGINT, then finish what is under way.

    Args:
        settings: What the command line says.
        seat: Which worker this is; None for the only process.
        make: Makes the faces that speak gRPC.

    Returns:
        Why it ended; what kept it from starting is in the log, one line a mistake.
    """
    log = open_log(settings.log_level)
    if seat is not None:
        log = log.bind(worker=seat.number)
    # Threads begin with this mask, so a signal waits until the main one asks for it. One that a
    # handler took just before the main thread began to wait would not wake it.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        with ExitStack() as opened:
            code = _serve(settings, (seat or Seat.alone(settings), make), log, opened)
        log.info("stopped")
    except InvalidWorld as error:
        for diagnostic in error.diagnostics:
            say = log.error if diagnostic.severity is Severity.ERROR else log.warning
            say("invalid_world", what=str(diagnostic))
        return Exit.INVALID_WORLD
    except (CannotListen, ChangedMeanwhile, KeysUnusable, PlacesCollide, OSError) as error:
        log.error("cannot_start", why=str(error))
        return Exit.CANNOT_START
    return code


def _serve(
    settings: ServeSettings,
    seating: tuple[Seat, Faces],
    log: FilteringBoundLogger,
    opened: ExitStack,
) -> Exit:
    seat, make = seating
    home = settings.home
    validator = Validator(home)
    declared = open_declared(home, partial(_kept_at, home), validator, log)
    for warning in declared.warnings:
        log.warning("world", what=str(warning))
    gate = declared.directory.gate
    check_places(gate.listeners, seat.workers)
    ring = open_key_ring(home / gate.keys_folder)
    keys = ring.at(read_clock())
    log_file = home / gate.records_file
    records = opened.enter_context(open_records(log_file, gate.records_level, log))
    world = declared.world(keys.public)
    worlds = CurrentWorld(world, keys)
    asking = opened.enter_context(Asking(worlds, home, Outside(read_clock), log))
    worlds.replace(world, keys, asking.of(declared.directory))
    standing = Standing(declared.version, read_clock())
    process = OneProcess(gate, worlds, standing, records, asking, read_clock)
    faces, counted = process.faces, process.counted
    telling = Telling(lambda: worlds.now.keys.public_jwks, standing.told, counted, process.status)
    http = opened.enter_context(seat.open_face(telling))
    if settings.metrics is not None:
        _show_metrics(settings.metrics, counted, log, opened)
    tracing = _send(settings.otlp, seat.number, process, log, opened)
    decision_point = DecisionPoint(worlds, records, log, counts=process.counts, tracing=tracing)
    for listener in gate.listeners:
        place = place_of(listener, seat.number)
        face = make(decision_point, place, home, settings.drain_seconds)
        faces.append(opened.enter_context(face))
    records.tell(http, *faces)
    opened.enter_context(validator)
    reload = Reload(
        home, gate, declared, ring, keys, worlds, asking, validator, standing, log, read_clock
    )
    # Before the first reload, which gives back what it finds.
    collect_rarely()
    opened.enter_context(Watching(reload.parts(_certificates(gate, faces)), reload.each_round, log))
    # A stop does not wait for a validation.
    opened.callback(validator.interrupt)
    gc.collect()
    set_aside()
    if settings.status is not None:
        opened.enter_context(open_status_socket(settings.status, process.status_alone, log))
    http.announce_ready()
    _say_serving(seat, declared, http, keys, log)
    signal.sigwait(STOP_SIGNALS)
    log.info("stopping", drain_seconds=settings.drain_seconds)
    http.announce_stop()
    _give_notice(faces, settings.notice_seconds)
    for face in faces:
        # All begin at once, so that together they take no longer than one.
        face.begin_stop()
    return Exit.OK


def _kept_at(home: Path, places: OwnPlaces) -> KeptVerdict:
    """Give where a verdict is kept: beside the records, the one folder that is surely ours."""
    ring = open_key_ring(home / places.keys_folder)
    file = home / places.records_file
    return KeptVerdict(file.with_name(f"{file.name}.validated"), Seals.of(ring))


def _show_metrics(
    address: HttpAddress,
    counted: Callable[[], tuple[Totals, Now]],
    log: FilteringBoundLogger,
    opened: ExitStack,
) -> None:
    # What shows them is loaded only where somebody wants them.
    from authz.server.http_metrics import MetricsFace  # noqa: PLC0415

    face = opened.enter_context(MetricsFace(address, partial(_look, counted)))
    log.info("metrics", port=face.port)


def _look(counted: Callable[[], tuple[Totals, Now]]) -> Seen:
    totals, now = counted()
    return Seen(totals, [now], ready=1, restarts=0, moment=int(read_clock()))


def _send(
    otlp: Otlp | None,
    worker: int,
    process: OneProcess,
    log: FilteringBoundLogger,
    opened: ExitStack,
) -> Tracing | None:
    """Send metrics until all is closed, and give what makes spans, as far as each is wanted."""
    if otlp is None:
        return None
    from authz.telemetry.otlp import sending_metrics, sending_spans  # noqa: PLC0415 - as above

    if otlp.metrics:
        look = partial(_look, process.counted)
        opened.enter_context(sending_metrics(otlp, otlp.interval, look, log))
    if not otlp.traces:
        return None
    return opened.enter_context(sending_spans(otlp, worker, otlp.share, process.counts, log))


def _give_notice(faces: Iterable[Face], seconds: float) -> None:
    """Tell health checks of the stop, and go on for *seconds*; another signal ends that."""
    for face in faces:
        face.announce_stop()
    if seconds:
        signal.sigtimedwait(STOP_SIGNALS, seconds)


def _certificates(gate: Gate, faces: Iterable[Face]) -> dict[str, Certificates]:
    pairs = zip(gate.listeners, faces, strict=True)
    return {each.name: face.certificates for each, face in pairs if face.certificates}


def _say_serving(
    seat: Seat, declared: Declared, http: PublicFace, keys: SigningKeys, log: FilteringBoundLogger
) -> None:
    listeners = declared.directory.gate.listeners
    for listener in listeners:
        if isinstance(listener.address, MeshRestricted):
            log.warning("plain_port", listener=listener.name, because=listener.address.because)
    log.info(
        "serving" if seat.workers == 1 else "worker_serving",
        world=declared.version,
        listeners=[listener.name for listener in listeners],
        http_port=http.port,
        signing_key=keys.signing_id,
    )
