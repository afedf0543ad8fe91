"""A gate without sockets: the real composition from the folder to the record file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from authz.audit.levels import open_records
from authz.directory.compiled import RecordLevel
from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from authz.sources.declared import read_vetted
from authz.sources.validate import Validator
from authz.telemetry.logs import open_log
from authz.tokens.signing_keys import open_key_ring
from bench.own.checks import LISTENER, NOW
from bench.own.scenarios import Scenario
from tests.support.direct import KeptRecords

VALIDATED_SECONDS = 600.0
"""Worlds here are larger than those that a service is asked to validate in time."""


class WrongAnswer(Exception):
    """A decision ended otherwise than its scenario says; its cost would mean nothing."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What answers Checks."""

    point: DecisionPoint

    def ask(self, check: bytes) -> bytes:
        """Answer one Check."""
        return self.point.answer(check, LISTENER, {})

    def prove(self, scenario: Scenario, number: int) -> None:
        """
        Answer the Check *number* of *scenario*, and hold its record, which is not written, to it.

        Raises:
            WrongAnswer: it ended with another reason.
        """
        (only,) = scenario.checks(number, 1)
        kept = KeptRecords()
        replace(self.point, records=kept).answer(only, LISTENER, {})
        reason = kept.rows[0]["reason"]
        if reason != scenario.reason:
            raise WrongAnswer(f"{scenario.name}: {reason} instead of {scenario.reason}")


@contextmanager
def opened_gate(home: Path, level: RecordLevel = RecordLevel.WRITTEN) -> Iterator[Gate]:
    """Open the gate of the world in *home*, which records at *level*; its clock stands still."""
    with Validator(home, seconds=VALIDATED_SECONDS) as validator:
        # As the service has it: what parses a whole world is another process.
        declared = read_vetted(home, validator.validate())
    keys = open_key_ring(home / declared.directory.gate.keys_folder).at(NOW)
    worlds = CurrentWorld(declared.world(keys.public), keys)
    log, file = open_log("error"), home / f"records/{level}.jsonl"
    with open_records(file, level, log) as records:
        yield Gate(DecisionPoint(worlds, records, log, clock=lambda: NOW))
