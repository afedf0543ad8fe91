"""A thread that looks at files and acts on what changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from structlog.typing import FilteringBoundLogger

from authz.sources.watch import Seen, Settling, look
from authz.telemetry.logs import whereabouts

PAUSE = 0.1
"""Seconds between two looks, and so the least that a change must rest before it is acted on."""

SHARE = 20
"""Looking takes at most one of so many parts of a processor, however many files there are."""

RETRY_SECONDS = 5.0
"""After which what was `NotNow` is tried again, though nothing has changed."""

STOP_SECONDS = 5.0


class NotNow(Exception):
    """Nobody knows whether a change is good; to be tried again."""


@dataclass(slots=True)
class Part:
    """Files, and what is done when they have changed."""

    paths: Callable[[], Iterable[Path]]
    """Asked anew for each look."""

    act: Callable[[], None]
    """Raises nothing for what is wrong with files, `NotNow` where it is not known."""

    settling: Settling = field(default_factory=Settling)
    """Nothing was seen yet: so it is acted once soon, for what changed during the start."""

    retry: float | None = None

    def look(self) -> Seen:
        """Look at the files."""
        return look(self.paths())

    def wants_to_act(self, now: float) -> bool:
        """Look, and say whether something is to be done now."""
        if self.settling.note(self.look(), now):
            return True
        return self.retry is not None and now >= self.retry


class Watching:
    """Looks, round by round, on a thread of its own inside the `with` block."""

    def __init__(
        self, parts: Sequence[Part], each_round: Callable[[], None], log: FilteringBoundLogger
    ) -> None:
        """
        Look at nothing yet.

        Args:
            parts: What is looked at, in this order.
            each_round: Done after each look at all of them, for what changes with time.
            log: Told of faults of ours.
        """
        self._parts = parts
        self._each_round = each_round
        self._log = log
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._live, name="reload", daemon=True)

    def __enter__(self) -> Self:
        """Start to look."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, but for a change that is being acted on."""
        self._is_over.set()
        self._thread.join(STOP_SECONDS)

    def _live(self) -> None:
        pause = PAUSE
        while not self._is_over.wait(pause):
            started = time.thread_time()
            try:
                acted = self.look_once(time.monotonic())
            except BaseException as error:  # noqa: BLE001 - as in `_done`
                self._log.error("fault", **whereabouts(error))
                acted = False
            spent = time.thread_time() - started
            pause = PAUSE if acted else max(PAUSE, spent * SHARE)

    def look_once(self, now: float) -> bool:
        """
        Look at all parts once, and act on what has changed and rests.

        Args:
            now: Seconds of a clock that only goes forward.

        Returns:
            Whether something was done.
        """
        acted = [part for part in self._parts if part.wants_to_act(now)]
        for part in acted:
            part.retry = None
            if not self._done(part.act):
                part.retry = time.monotonic() + RETRY_SECONDS
        self._done(self._each_round)
        return bool(acted)

    def _done(self, work: Callable[[], None]) -> bool:
        try:
            work()
        except NotNow:
            return False
        except BaseException as error:  # noqa: BLE001 - a panic of the engine's is no Exception;
            # whatever it is, what is in force stays, and the next look is as good as the first.
            self._log.error("fault", **whereabouts(error))
            return False
        return True
