"""How things stand, for probes and people: what is in force, and what of a change was refused."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from authz.directory.diagnostics import Diagnostic
from authz.model.instant import Instant, as_datetime

MOST_MISTAKES = 20
"""That are told by a probe; the log has all."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A change that is not in force, and why."""

    since: Instant
    mistakes: tuple[Diagnostic, ...]


class Standing:
    """What is in force since when, and the last failure of each part that is not mended."""

    def __init__(self, world: str, now: Instant) -> None:
        self._lock = threading.Lock()
        self._world, self._since = world, now
        self._failures: dict[str, Failure] = {}

    @property
    def in_force_since(self) -> tuple[str, Instant]:
        """The version of the world, and since when."""
        with self._lock:
            return self._world, self._since

    def succeeded(self, part: str) -> bool:
        """Note that *part* is as its files say; say whether it was not before."""
        with self._lock:
            return self._failures.pop(part, None) is not None

    def in_force(self, world: str, now: Instant) -> None:
        """Note the version of the world that is in force from *now*."""
        with self._lock:
            if world != self._world:
                self._world, self._since = world, now

    def failed(self, part: str, mistakes: Sequence[Diagnostic], now: Instant) -> bool:
        """Note why *part* stays as it was; say whether that is news."""
        with self._lock:
            before = self._failures.get(part)
            is_news = before is None or before.mistakes != tuple(mistakes)
            if is_news:
                self._failures[part] = Failure(now, tuple(mistakes))
            return is_news

    @property
    def failures(self) -> Mapping[str, Failure]:
        """What is not as its files say, by part."""
        with self._lock:
            return dict(self._failures)

    def told(self) -> Mapping[str, object]:
        """
        Tell it as members of a JSON object: the places of mistakes, and no message.

        Messages quote files, and whoever may ask for our keys may ask a probe.
        """
        with self._lock:
            return {
                "world": self._world,
                "since": as_datetime(self._since).isoformat(),
                "failed": {part: _told(each) for part, each in sorted(self._failures.items())},
            }


def _told(failure: Failure) -> Mapping[str, object]:
    rows = [
        {
            "file": row.position.file,
            "line": row.position.line,
            "column": row.position.column,
        }
        for row in failure.mistakes[:MOST_MISTAKES]
    ]
    return {
        "since": as_datetime(failure.since).isoformat(),
        "mistakes": rows,
        "more": len(failure.mistakes) - len(rows),
    }
