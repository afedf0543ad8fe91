"""A gate with its real gRPC face, so that a test can set its clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from authz.audit.levels import open_records
from authz.directory.compiled import RecordLevel
from authz.directory.listening import Listener, UnixSocket
from authz.model.instant import EARLIEST, Instant
from authz.server.decision_point import DecisionPoint
from tests.support.front import serving_face
from tests.support.values import replace


@dataclass
class SetClock:
    """A clock that says what it was told."""

    moment: Instant = EARLIEST

    def __call__(self) -> Instant:
        """Tell the time."""
        return self.moment


@dataclass
class Gate:
    """A running gate."""

    socket: Path
    records: Path
    clock: SetClock = field(default_factory=SetClock)


@contextmanager
def running_gate(decision_point: DecisionPoint, folder: Path, name: str = "out") -> Iterator[Gate]:
    """Serve the gate's listener *name* on a Unix socket in *folder*; its records are a file."""
    gate = Gate(folder / "run" / "gate.sock", folder / "decisions.jsonl")
    listener = Listener(name, UnixSocket(str(gate.socket)))
    with open_records(gate.records, RecordLevel.WRITTEN, decision_point.log) as records:
        served = replace(decision_point, records=records, clock=gate.clock)
        with serving_face(served, listener, folder):
            yield gate
