"""Composition: the parts of a running gate, opened in order and closed in reverse."""

from __future__ import annotations

import signal
from contextlib import ExitStack

from structlog.typing import FilteringBoundLogger

from authz.audit.sink import RecordFile
from authz.directory.compiled import KeysByUrl, MeshRestricted
from authz.directory.diagnostics import InvalidWorld, Severity
from authz.server.decision_point import DecisionPoint, read_clock
from authz.server.grpc_face import GrpcFace
from authz.server.http_public import HttpFace
from authz.server.listeners import CannotListen
from authz.server.needs import Elsewhere, NeedAnswers, Nowhere
from authz.server.worlds import CurrentWorld
from authz.settings import Exit, ServeSettings
from authz.sources.answers import Answering
from authz.sources.declared import Declared, read_declared
from authz.sources.peer import Outside
from authz.telemetry.logs import open_log
from authz.tokens.signing_keys import KeysUnusable, SigningKeys, open_signing_keys

FIRST_KEYS_SECONDS = 2.0
"""How long a start waits for issuers; who cannot be reached then is asked by each call."""

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
    except (CannotListen, KeysUnusable, OSError) as error:
        log.error("cannot_start", why=str(error))
        return Exit.CANNOT_START
    return code


def _serve(settings: ServeSettings, log: FilteringBoundLogger, opened: ExitStack) -> Exit:
    declared = read_declared(settings.home)
    for warning in declared.warnings:
        log.warning("world", what=str(warning))
    gate = declared.directory.gate
    keys = open_signing_keys(settings.home / gate.keys_folder)
    records = opened.enter_context(RecordFile(settings.home / gate.records_file))
    worlds = CurrentWorld(declared.world(keys.public))
    needs = NeedAnswers(elsewhere=_elsewhere(declared, worlds, settings, log, opened))
    decision_point = DecisionPoint(worlds, keys, records, log, needs)
    http = opened.enter_context(HttpFace(settings.http, keys.public_jwks))
    faces = [
        opened.enter_context(GrpcFace(decision_point, each, settings.home, settings.drain_seconds))
        for each in gate.listeners
    ]
    http.announce_ready()
    _say_serving(declared, http, keys, log)
    signal.sigwait(STOP_SIGNALS)
    log.info("stopping", drain_seconds=settings.drain_seconds)
    http.announce_stop()
    for face in faces:
        # All begin at once, so that together they take no longer than one.
        face.begin_stop()
    return Exit.OK


def _elsewhere(
    declared: Declared,
    worlds: CurrentWorld,
    settings: ServeSettings,
    log: FilteringBoundLogger,
    opened: ExitStack,
) -> Elsewhere:
    """Give who asks identity providers, once it has tried to fetch their keys."""
    issuers = declared.directory.issuers.values()
    if not any(isinstance(each.keys, KeysByUrl) or each.introspection for each in issuers):
        return Nowhere()
    outside = Outside(read_clock)
    answering = Answering(issuers, settings.home, outside, worlds.publish_keys, log)
    opened.enter_context(answering)
    answering.wait_for_first_keys(FIRST_KEYS_SECONDS)
    return answering


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
