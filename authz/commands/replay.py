"""Recorded decisions made again, and compared with what the log says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authz.audit.describe import policies_of
from authz.model.reasons import Reason, verdict_of
from authz.model.strict_json import AmbiguousJSON, NotJSON, read_json
from authz.policy.question import Judgement
from authz.trial.record import PROVING, READING, NotReplayable, read_record
from authz.trial.run import Trial, run
from authz.trial.stated import Setting
from authz.world import World

Record = Mapping[str, Any]


class NoDecision(ValueError):
    """The log does not hold what is looked for; the message says so."""


@dataclass(frozen=True, slots=True)
class Replay:
    """One record, and what became of deciding it again."""

    record: Record
    trial: Trial | None
    """None where it cannot be decided again."""

    differs: tuple[str, ...] = ()
    """What is otherwise now, one text a member."""

    missing: str = ""
    """Why it cannot be decided again, or not for certain; empty where it can."""

    def __str__(self) -> str:
        if self.differs:
            return f"now otherwise: {'; '.join(self.differs)}"
        return f"not made again: {self.missing}" if self.missing else "the same"


@dataclass(frozen=True, slots=True)
class Logged:
    """What a log holds, as far as it was asked for."""

    records: Sequence[Record]
    torn: int = 0
    """Lines that are no record."""


def read_log(log: Path, decision: str) -> Logged:
    """
    Give the records of a log that are of *decision*; all of them where that is empty.

    Raises:
        NoDecision: there is none, or the log cannot be read.
    """
    try:
        with log.open("rb") as lines:
            asked = (line for line in lines if line.strip() and decision.encode() in line)
            found = [_record(line) for line in asked]
    except OSError as error:
        raise NoDecision(f"{log} cannot be read: {error.strerror}") from None
    read = [each for each in found if each is not None]
    records = [each for each in read if decision in ("", each.get("decision"))]
    if not records:
        raise NoDecision(f"{log} has no decision {decision}".rstrip())
    return Logged(records, len(found) - len(read))


def _record(line: bytes) -> Record | None:
    try:
        record = read_json(line)
    except (NotJSON, AmbiguousJSON):
        return None
    return record if isinstance(record, dict) else None


def replay(record: Record, world: World) -> Replay:
    """Decide *record* again in *world*, and compare verdict, reason and policies."""
    try:
        stated = read_record(record, world.directory)
    except NotReplayable as error:
        return Replay(record, None, missing=str(error))
    trial = run(Setting(stated, world))
    unsaid = _unsaid(record["step"], trial.step)
    if unsaid:
        return Replay(record, None, missing=unsaid)
    if trial.unknown and trial.facts.find(Judgement) is not None:
        refs = ", ".join(map(str, trial.unknown))
        return Replay(record, trial, missing=f"the record masks values that {refs} reads")
    if record["reason"] == Reason.BAD_ARGUMENT and trial.reason != Reason.BAD_ARGUMENT:
        return Replay(record, trial, missing="the record masks the argument that was bad")
    return Replay(record, trial, differs=tuple(_differences(record, trial)))


def _unsaid(recorded: int, now: int) -> str:
    """
    Say what a record lacks for a decision that is now made at step *now*; empty for nothing.

    A record knows what the steps before its own learned, and no more: neither
    "no credential" nor "could not be read" may be taken from what it leaves out.
    """
    if now == READING != recorded:
        return "the record does not say what was read of the request"
    if recorded < PROVING <= now:
        return f"it was decided at step {recorded}, so the record does not say who the user was"
    return ""


def _differences(record: Record, trial: Trial) -> Iterator[str]:
    again: dict[str, object] = {
        "verdict": verdict_of(trial.reason),
        "reason": trial.reason,
        "step": trial.step,
        "policies": _named(policies_of(trial.facts.find(Judgement))),
    }
    recorded = {**record, "policies": _named(record["policies"])}
    for name, value in again.items():
        if recorded[name] != value:
            yield f"{name} was {recorded[name]}, is {value}"


def _named(policies: object) -> str:
    """Write policies as far as they are the same in another place of the same file."""
    rows = policies if isinstance(policies, list) else []
    return ", ".join(f"{row['leg']}: {row['id']}" for row in rows) or "none"
