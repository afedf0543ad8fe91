"""The process that looks after the workers: starts them, replaces them, and speaks for all.

It reads no world and answers no Check. The public HTTP face is its own: ready
when all workers are; the key set is the one that a worker has told last.
"""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace

from structlog.typing import FilteringBoundLogger

from authz.model.instant import Instant
from authz.server.http_metrics import MetricsFace
from authz.server.http_public import HttpFace
from authz.server.status_socket import open_status_socket
from authz.settings import Exit, Otlp, ServeSettings
from authz.telemetry.counts import Seen, Totals
from authz.telemetry.health import document
from authz.telemetry.logs import open_log
from authz.workers.memory import TooManyWorkers, available, check_room, resident
from authz.workers.process import Worker
from authz.workers.told import Orders

STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})
RENEW = signal.SIGHUP
SIGNALS = STOP_SIGNALS | {RENEW, signal.SIGCHLD}

PAUSE = 0.1
"""Seconds between two looks at the workers; the end of one is seen at once."""

SETTLE_SECONDS = 3.0
"""
For which all must be ready before the next one is renewed: a proxy that asks
each second has turned back to the one before by then.
"""

STOP_SECONDS = 15.0
"""For which a stop waits for workers, beyond what they have for Checks under way."""

_KNOWN_ENDS = {int(each): each for each in (Exit.INVALID_WORLD, Exit.CANNOT_START)}
"""How a start may end that is told as the worker told it; all else is a fault of ours."""


def supervise(settings: ServeSettings) -> Exit:
    """
    Serve with several workers until SIGTERM or SIGINT; SIGHUP renews them, one after the other.

    Returns:
        Why it ended. A start that fails ends as the worker did that failed, and
        that one has logged why.
    """
    log = open_log(settings.log_level)
    # Threads begin with this mask, so that every signal waits until the main one asks for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    supervisor = Supervisor(settings, log)
    try:
        with ExitStack() as opened:
            # What the workers say last is sent too.
            supervisor.send_metrics(opened)
            opened.callback(supervisor.finish)
            code = supervisor.live(opened)
    except (TooManyWorkers, OSError) as error:
        log.error("cannot_start", why=str(error))
        return Exit.CANNOT_START
    log.info("stopped")
    return code


class Supervisor:
    """All workers of one gate. Everything but the HTTP face happens on the main thread."""

    def __init__(self, settings: ServeSettings, log: FilteringBoundLogger) -> None:
        """Start nothing yet."""
        self._settings, self._log = settings, log
        self._workers = [
            Worker(
                Orders(
                    home=str(settings.home),
                    log_level=settings.log_level,
                    drain_seconds=settings.drain_seconds,
                    number=number,
                    workers=settings.workers,
                    otlp=_of_a_worker(settings.otlp),
                )
            )
            for number in range(settings.workers)
        ]
        self._to_renew: deque[Worker] = deque()
        self._all_ready_since: float | None = None
        self._restarts = 0

    def send_metrics(self, opened: ExitStack) -> None:
        """Send what all count together until *opened* is closed, if it is wanted."""
        otlp = self._settings.otlp
        if otlp is not None and otlp.metrics:
            from authz.telemetry.otlp import sending_metrics  # noqa: PLC0415 - if it is wanted

            opened.enter_context(sending_metrics(otlp, otlp.interval, self._seen, self._log))

    def live(self, opened: ExitStack) -> Exit:
        """
        Start all, and look after them until a signal says to stop.

        Args:
            opened: Closed by the caller, whatever happens.

        Raises:
            TooManyWorkers: there is no room for them.
            OSError: the HTTP address cannot be bound, or no process is to be had.
        """
        http = HttpFace(self._settings.http, self._jwks, self._standing)
        first, *others = self._workers
        # One alone first: what is wrong with the world is told once, and it shows what one takes.
        if (code := self._begin((first,))) is not None:
            return code
        opened.enter_context(http)
        if self._settings.metrics is not None:
            metrics = opened.enter_context(MetricsFace(self._settings.metrics, self._seen))
            self._log.info("metrics", port=metrics.port)
        if self._settings.status is not None:
            status = open_status_socket(self._settings.status, self._status, self._log)
            opened.enter_context(status)
        assert first.process_id is not None  # noqa: S101 - it is ready
        check_room(len(self._workers), resident(first.process_id), available())
        if (code := self._begin(others)) is not None:
            return code
        self._say_serving(http)
        self._look_after(http)
        self._log.info("stopping", drain_seconds=self._settings.drain_seconds)
        http.announce_stop()
        return Exit.OK

    def _begin(self, workers: Iterable[Worker]) -> Exit | None:
        """Start *workers* and wait for them; give why not, if it is to end instead."""
        for worker in workers:
            worker.start(time.monotonic())
        while not all(worker.is_ready for worker in workers):
            if _next_signal() in STOP_SIGNALS:
                return Exit.OK
            for worker in self._workers:
                code = worker.ended(time.monotonic())
                if code is not None:
                    self._log.error("worker_ended", worker=worker.number, code=code)
                    return _KNOWN_ENDS.get(code, Exit.INTERNAL)
        return None

    def _look_after(self, http: HttpFace) -> None:
        while True:
            self._tell(http)
            number = _next_signal()
            if number in STOP_SIGNALS:
                return
            if number == RENEW:
                self._log.info("renewing", workers=len(self._workers))
                self._to_renew = deque(self._workers)
            self._replace_the_ended(time.monotonic())
            self._renew_next(time.monotonic())

    def _tell(self, http: HttpFace) -> None:
        if all(worker.is_ready for worker in self._workers):
            http.announce_ready()
        else:
            http.announce_stop()

    def _replace_the_ended(self, now: float) -> None:
        for worker in self._workers:
            code = worker.ended(now)
            if code is not None:
                self._restarts += 1
                say = self._log.warning if code else self._log.info
                again = round(worker.due - now, 1)
                say("worker_ended", worker=worker.number, code=code, again_in_seconds=again)
            if worker.process_id is None and worker.due <= now:
                self._start(worker, now)

    def _start(self, worker: Worker, now: float) -> None:
        try:
            worker.start(now)
        except OSError as error:
            worker.put_off(now)
            self._log.error("worker_not_started", worker=worker.number, why=error.strerror)

    def _renew_next(self, now: float) -> None:
        """Ask the next to go that is to be renewed, once all have been ready for a while."""
        if not all(worker.is_ready for worker in self._workers):
            self._all_ready_since = None
            return
        since = self._all_ready_since = self._all_ready_since or now
        if self._to_renew and now - since >= SETTLE_SECONDS:
            self._to_renew.popleft().ask_to_stop()
            self._all_ready_since = None

    def finish(self) -> None:
        """Let all finish what is under way; who takes too long is ended."""
        for worker in self._workers:
            worker.ask_to_stop()
        until = time.monotonic() + self._settings.drain_seconds + STOP_SECONDS
        for worker in self._workers:
            if not worker.wait(max(0.0, until - time.monotonic())):
                self._log.error("worker_killed", worker=worker.number)
                worker.kill()
                worker.wait(STOP_SECONDS)

    def _jwks(self) -> bytes:
        newest = max(self._workers, key=lambda worker: worker.keys_since)
        return newest.told.jwks.encode("ascii") if newest.told else b'{"keys":[]}'

    def _standing(self) -> Mapping[str, object]:
        rows = [
            {"ready": worker.is_ready, **(worker.told.standing if worker.told else {})}
            for worker in self._workers
        ]
        return {"workers": rows}

    def _seen(self) -> Seen:
        totals = Totals()
        for worker in self._workers:
            totals = totals.add(worker.totals)
        return Seen(
            totals,
            [worker.now for worker in self._workers if worker.now],
            ready=sum(worker.is_ready for worker in self._workers),
            restarts=self._restarts,
            moment=int(time.time()),
        )

    def _status(self) -> Mapping[str, object]:
        rows = [
            {
                "worker": worker.number,
                "ready": worker.is_ready,
                **(worker.told.status if worker.told else {}),
            }
            for worker in self._workers
        ]
        seen = self._seen()
        return document(rows, seen.totals, seen.restarts, Instant(seen.moment))

    def _say_serving(self, http: HttpFace) -> None:
        processes = [worker.process_id for worker in self._workers]
        self._log.info("serving", workers=processes, http_port=http.port)


def _of_a_worker(otlp: Otlp | None) -> Mapping[str, object] | None:
    """Give what a worker sends by itself: its spans. What all count together, we send."""
    return asdict(replace(otlp, metrics=False)) if otlp is not None and otlp.traces else None


def _next_signal() -> int | None:
    """Wait a moment; give the signal that came, if one did."""
    found = signal.sigtimedwait(SIGNALS, PAUSE)
    return found.si_signo if found else None
