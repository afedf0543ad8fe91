"""What a supervisor and its workers tell each other: JSON, one line each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from authz.telemetry.counts import Now, Totals


@dataclass(frozen=True, slots=True)
class Orders:
    """What a worker is told once, at its start."""

    home: str
    log_level: str
    drain_seconds: float
    number: int
    """From 0."""

    workers: int
    """How many there are."""

    otlp: Mapping[str, Any] | None = None
    """`Otlp`, as JSON: where spans are sent."""

    def line(self) -> bytes:
        """Give it as a line."""
        return _line(asdict(self))

    @classmethod
    def read(cls, line: bytes) -> Orders:
        """Read the line of a supervisor."""
        return cls(**json.loads(line))

    @property
    def folder(self) -> Path:
        """The world's folder."""
        return Path(self.home)


@dataclass(frozen=True, slots=True)
class Told:
    """How a worker stands, as it said last."""

    ready: bool
    """Whether Checks should be sent to it."""

    jwks: str
    standing: Mapping[str, object]
    """What `/readyz` says beside."""

    counted: Mapping[str, Any]
    """`Totals`, as JSON."""

    now: Mapping[str, Any]
    """`Now`, as JSON."""

    status: Mapping[str, Any]
    """What `authz status` shows of it."""

    @property
    def totals(self) -> Totals:
        """What the process has counted from its start on."""
        return Totals(**self.counted)

    @property
    def at_last(self) -> Now:
        """How it stood when it said so."""
        return Now(**self.now)

    def line(self) -> bytes:
        """Give it as a line."""
        return _line(asdict(self))

    @classmethod
    def read(cls, line: bytes) -> Told:
        """Read the line of a worker."""
        return cls(**json.loads(line))


def _line(members: Mapping[str, object]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode("ascii") + b"\n"
