"""The seam between a front and what it answers with: a face listens at one address."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from authz.directory.listening import Listener
from authz.server.certificates import Certificates
from authz.server.decision_point import DecisionPoint


class Face(AbstractContextManager["Face"], Protocol):
    """Its address is taken when it is made; it serves inside the `with` block."""

    certificates: Certificates | None
    """Of a listener with TLS; renewed while it serves."""

    def announce_outage(self) -> None:
        """Tell health checks that nothing can be allowed."""

    def announce_recovery(self) -> None:
        """Tell them that it is over."""

    def announce_stop(self) -> None:
        """Tell health checks that it goes; Checks are answered all the same."""

    @property
    def in_hand(self) -> int:
        """How many Checks are taken on."""

    def begin_stop(self) -> None:
        """Turn new Checks away; leaving the block waits for those under way."""


class Faces(Protocol):
    """Makes the face of a listener."""

    def __call__(
        self,
        decision_point: DecisionPoint,
        listener: Listener,
        home: Path,
        drain_seconds: float,
        /,
    ) -> Face:
        """Take its address, or raise `CannotListen`; relative paths start at *home*."""
