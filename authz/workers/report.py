"""A worker's end of the line to its supervisor: it says how it stands, and ends with it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Self

from authz.telemetry.counts import Now, Totals
from authz.workers.told import Told

PAUSE = 0.1
"""Seconds between two looks at what there is to say."""

LONGEST_PAUSE = 1.0
"""Seconds after which it says again what it has counted: a kill loses no more of that."""

STOP_SECONDS = 5.0
BYTES_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Telling:
    """What a process can tell of itself at any moment."""

    jwks: Callable[[], bytes]
    """Gives the key set."""

    standing: Callable[[], Mapping[str, object]]
    """Gives what `/readyz` says beside yes or no."""

    counted: Callable[[], tuple[Totals, Now]]
    """Gives what was counted, and what stands now."""

    status: Callable[[], Mapping[str, object]]
    """Gives what `authz status` shows."""


class Report:
    """Says how this process stands whenever that has changed, inside the `with` block."""

    port = 0
    """It has no HTTP face; the supervisor has one for all."""

    def __init__(self, descriptor: int, telling: Telling) -> None:
        """Say nothing yet; the supervisor will read *descriptor*."""
        self._descriptor, self._telling = descriptor, telling
        self._is_ready = False
        self._is_unable = False
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._live, name="report", daemon=True)

    def announce_ready(self) -> None:
        """Say that Checks are answered."""
        self._is_ready = True

    def announce_outage(self) -> None:
        """Say that nothing can be allowed now."""
        self._is_unable = True

    def announce_recovery(self) -> None:
        """Say that it is over."""
        self._is_unable = False

    def announce_stop(self) -> None:
        """Say that it goes, while what is under way goes on."""
        self._is_ready = False

    def _live(self) -> None:
        said: object = None
        due = 0.0
        while not self._is_over.is_set():
            to_say = self._stands()
            if to_say != said or time.monotonic() >= due:
                self._say(*to_say)
                said, due = to_say, time.monotonic() + LONGEST_PAUSE
            self._is_over.wait(PAUSE)
        self._say(*self._stands())

    def _stands(self) -> tuple[bool, str, Mapping[str, object]]:
        is_ready = self._is_ready and not self._is_unable
        return is_ready, self._telling.jwks().decode("ascii"), self._telling.standing()

    def _say(self, is_ready: bool, jwks: str, standing: Mapping[str, object]) -> None:  # noqa: FBT001 - as `_stands` gives it
        totals, now = self._telling.counted()
        status = self._telling.status()
        told = Told(is_ready, jwks, standing, asdict(totals), asdict(now), status)
        _write_all(self._descriptor, told.line())

    def __enter__(self) -> Self:
        """Begin to say how it stands."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join(STOP_SECONDS)


def end_with(descriptor: int, end: Callable[[], None]) -> None:
    """Call *end*, on a thread of its own, once nobody holds the other end of *descriptor*."""

    def watch() -> None:
        # Not through a file object: its lock, held here, would crash the interpreter at its end.
        while os.read(descriptor, BYTES_AT_ONCE):
            pass
        end()

    threading.Thread(target=watch, name="supervisor", daemon=True).start()


def _write_all(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]
