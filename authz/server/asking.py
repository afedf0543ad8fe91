"""Who asks the issuers of the world in force, made anew where issuers change."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from structlog.typing import FilteringBoundLogger

from authz.directory.compiled import Directory, Issuer
from authz.identity.keys import IssuerKeys
from authz.server.worlds import CurrentWorld, Elsewhere, Nowhere
from authz.sources.answers import Answering, is_asked
from authz.sources.peer import Outside
from authz.telemetry.health import IssuerHealth

FIRST_KEYS_SECONDS = 2.0
"""How long a start, or a change, waits for issuers; who cannot be reached then is asked by each
call."""

KEPT_SECONDS = 30.0
"""
For which those who asked are kept after a change. A Check of the world before
may still come to ask; Envoy has given all of them up long before that.
"""


class Asking:
    """Opens who asks, one after the other; all are closed at the end of the `with` block."""

    def __init__(
        self, worlds: CurrentWorld, home: Path, outside: Outside, log: FilteringBoundLogger
    ) -> None:
        """
        Ask nobody yet.

        Args:
            worlds: Are told of keys that were fetched.
            home: Where relative paths of documents start.
            outside: What is asked, and by which clock answers are believed.
            log: See `Answering`.
        """
        self._worlds = worlds
        self._home = home
        self._outside = outside
        self._log = log
        self._issuers: tuple[Issuer, ...] = ()
        self._elsewhere: Elsewhere = Nowhere()
        self._answering: Answering | None = None
        self._open = ExitStack()
        self._before: list[tuple[float, ExitStack]] = []

    def of(self, directory: Directory) -> Elsewhere:
        """
        Give who asks the issuers of *directory*: who does so now, where none has changed.

        Keys are kept of issuers that are declared as before; of others it is
        waited for a moment.
        """
        asked = tuple(filter(is_asked, directory.issuers.values()))
        if asked != self._issuers:
            known = {each.name for each in asked if each in self._issuers}
            keys = {name: each for name, each in self._elsewhere.fetched().items() if name in known}
            with ExitStack() as opened:
                answering = self._opened(asked, keys, opened) if asked else None
                # Nothing is given up before there is something in its place.
                self._before.append((time.monotonic() + KEPT_SECONDS, self._open))
                self._open, self._answering = opened.pop_all(), answering
                self._elsewhere = answering or Nowhere()
                self._issuers = asked
        return self._elsewhere

    def health(self) -> Mapping[str, IssuerHealth]:
        """Say of each issuer that is asked how that goes."""
        return self._answering.health() if self._answering else {}

    def _opened(
        self, asked: tuple[Issuer, ...], known: dict[str, IssuerKeys], opened: ExitStack
    ) -> Answering:
        publish = self._worlds.publish_keys
        answering = Answering(asked, self._home, self._outside, publish, self._log, known)
        opened.enter_context(answering)
        answering.wait_for_first_keys(FIRST_KEYS_SECONDS)
        return answering

    def close_old(self, now: float) -> None:
        """Close those whom no Check can wait for any more at *now*, of the monotonic clock."""
        over = [opened for ends, opened in self._before if ends <= now]
        self._before = [row for row in self._before if row[0] > now]
        _close_all(over)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _close_all([self._open, *(opened for _, opened in self._before)])


def _close_all(stacks: Iterable[ExitStack]) -> None:
    """Close each of *stacks*, though one before it may fail."""
    with ExitStack() as closing:
        for opened in stacks:
            closing.push(opened)
