"""Composition: the parts of a running gate, opened in order and closed in reverse."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from authz.audit.levels import open_records
from authz.directory.compiled import Gate
from authz.directory.diagnostics import InvalidWorld, Severity
from authz.directory.listening import MeshRestricted
from authz.directory.load import OwnPlaces
from authz.server.asking import Asking
from authz.server.beside import set_aside
from authz.server.certificates import Certificates
from authz.server.decision_point import DecisionPoint, read_clock
from authz.server.grpc_face import GrpcFace
from authz.server.http_public import HttpFace
from authz.server.listeners import CannotListen
from authz.server.reload import Reload
from authz.server.standing import Standing
from authz.server.watching import Watching
from authz.server.worlds import CurrentWorld
from authz.settings import Exit, ServeSettings
from authz.sources.declared import ChangedMeanwhile, Declared
from authz.sources.kept import KeptVerdict
from authz.sources.opening import open_declared
from authz.sources.peer import Outside
from authz.sources.validate import Validator
from authz.telemetry.logs import open_log
from authz.tokens.seals import Seals
from authz.tokens.signing_keys import KeysUnusable, SigningKeys, open_key_ring

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def serve(settings: ServeSettings) -> Exit:
    """
    Serve until SIGTERM or SIGINT, then finish what is under way.

    Returns:
        Why it ended; what kept it from starting is in the log, one line a mistake.
    """
    log = open_log(settings.log_level)
    # Threads begin with this mask, so a signal waits until the main one asks for it. One that a
    # handler took just before the main thread began to wait would not wake it.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        with ExitStack() as opened:
            code = _serve(settings, log, opened)
        log.info("stopped")
    except InvalidWorld as error:
        for diagnostic in error.diagnostics:
            say = log.error if diagnostic.severity is Severity.ERROR else log.warning
            say("invalid_world", what=str(diagnostic))
        return Exit.INVALID_WORLD
    except (CannotListen, ChangedMeanwhile, KeysUnusable, OSError) as error:
        log.error("cannot_start", why=str(error))
        return Exit.CANNOT_START
    return code


def _serve(settings: ServeSettings, log: FilteringBoundLogger, opened: ExitStack) -> Exit:
    home = settings.home
    validator = Validator(home)
    declared = open_declared(home, partial(_kept_at, home), validator, log)
    for warning in declared.warnings:
        log.warning("world", what=str(warning))
    gate = declared.directory.gate
    ring = open_key_ring(home / gate.keys_folder)
    keys = ring.at(read_clock())
    log_file = home / gate.records_file
    records = opened.enter_context(open_records(log_file, gate.records_level, log))
    world = declared.world(keys.public)
    worlds = CurrentWorld(world, keys)
    asking = opened.enter_context(Asking(worlds, home, Outside(read_clock), log))
    worlds.replace(world, keys, asking.of(declared.directory))
    standing = Standing(declared.version, read_clock())
    http = HttpFace(settings.http, lambda: worlds.now.keys.public_jwks, standing.told)
    opened.enter_context(http)
    decision_point = DecisionPoint(worlds, records, log)
    faces = [
        opened.enter_context(GrpcFace(decision_point, each, home, settings.drain_seconds))
        for each in gate.listeners
    ]
    records.tell(http, *faces)
    opened.enter_context(validator)
    reload = Reload(
        home, gate, declared, ring, keys, worlds, asking, validator, standing, log, read_clock
    )
    opened.enter_context(Watching(reload.parts(_certificates(gate, faces)), reload.each_round, log))
    # A stop does not wait for a validation.
    opened.callback(validator.interrupt)
    gc.collect()
    set_aside()
    http.announce_ready()
    _say_serving(declared, http, keys, log)
    signal.sigwait(STOP_SIGNALS)
    log.info("stopping", drain_seconds=settings.drain_seconds)
    http.announce_stop()
    for face in faces:
        # All begin at once, so that together they take no longer than one.
        face.begin_stop()
    return Exit.OK


def _kept_at(home: Path, places: OwnPlaces) -> KeptVerdict:
    """Give where a verdict is kept: beside the records, the one folder that is surely ours."""
    ring = open_key_ring(home / places.keys_folder)
    file = home / places.records_file
    return KeptVerdict(file.with_name(f"{file.name}.validated"), Seals.of(ring))


def _certificates(gate: Gate, faces: Iterable[GrpcFace]) -> dict[str, Certificates]:
    pairs = zip(gate.listeners, faces, strict=True)
    return {each.name: face.certificates for each, face in pairs if face.certificates}


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
