"""Composition: the parts of a running gate, opened in order and closed in reverse."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from enum import IntEnum
from types import FrameType

from structlog.typing import FilteringBoundLogger

from authz.audit.sink import RecordFile
from authz.directory.compiled import MeshRestricted
from authz.directory.diagnostics import InvalidWorld
from authz.server.decision_point import DecisionPoint
from authz.server.grpc_face import GrpcFace
from authz.server.http_public import HttpFace
from authz.server.listeners import CannotListen
from authz.settings import ServeSettings
from authz.sources.declared import Declared, read_declared
from authz.telemetry.logs import open_log
from authz.tokens.signing_keys import KeysUnusable, SigningKeys, open_signing_keys


class Exit(IntEnum):
    """Exit codes of the command, as documented."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    INVALID_WORLD = 3
    CANNOT_START = 4


def serve(settings: ServeSettings) -> Exit:
    """
    Serve until SIGTERM or SIGINT, then finish what is under way.

    Returns:
        Why it ended; what kept it from starting is in the log, one line a mistake.
    """
    log = open_log(settings.log_level)
    stop = _stop_on_signal()
    try:
        with ExitStack() as opened:
            code = _serve(settings, log, stop, opened)
        log.info("stopped")
    except InvalidWorld as error:
        for diagnostic in error.diagnostics:
            log.error("invalid_world", what=str(diagnostic))
        return Exit.INVALID_WORLD
    except (CannotListen, KeysUnusable, OSError) as error:
        log.error("cannot_start", why=str(error))
        return Exit.CANNOT_START
    return code


def _serve(
    settings: ServeSettings, log: FilteringBoundLogger, stop: threading.Event, opened: ExitStack
) -> Exit:
    declared = read_declared(settings.home)
    for warning in declared.warnings:
        log.warning("world", what=str(warning))
    gate = declared.directory.gate
    keys = open_signing_keys(settings.home / gate.keys_folder)
    records = opened.enter_context(RecordFile(settings.home / gate.records_file))
    decision_point = DecisionPoint(declared.world(keys.public), keys, records, log)
    http = opened.enter_context(HttpFace(settings.http, keys.public_jwks))
    faces = [
        opened.enter_context(GrpcFace(decision_point, each, settings.home, settings.drain_seconds))
        for each in gate.listeners
    ]
    http.announce_ready()
    _say_serving(declared, http, keys, log)
    stop.wait()
    log.info("stopping", drain_seconds=settings.drain_seconds)
    http.announce_stop()
    for face in faces:
        # All begin at once, so that together they take no longer than one.
        face.begin_stop()
    return Exit.OK


def _say_serving(
    declared: Declared, http: HttpFace, keys: SigningKeys, log: FilteringBoundLogger
) -> None:
    listeners = declared.directory.gate.listeners
    for listener in listeners:
        if isinstance(listener.address, MeshRestricted):
            log.warning("plain_port", listener=listener.name, because=listener.address.because)
    log.info(
        "serving",
        world=declared.version,
        listeners=[listener.name for listener in listeners],
        http_port=http.port,
        signing_key=keys.signing_id,
    )


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, note)
    return stop
