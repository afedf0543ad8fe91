"""What one process can say of itself, for metrics, for its supervisor, and for `authz status`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from authz.audit.outage import WatchedRecords
from authz.directory.compiled import Gate
from authz.model.instant import EARLIEST, LATEST, Instant
from authz.model.memo import living
from authz.server.asking import Asking
from authz.server.faces import Face
from authz.server.standing import MOST_MISTAKES, Failure, Standing
from authz.server.turns import IN_HAND
from authz.server.worlds import CurrentWorld
from authz.telemetry.counts import Counts, Now, Totals
from authz.telemetry.health import document, moment
from authz.tokens.schedule import State, signs_from


@dataclass(frozen=True, slots=True)
class OneProcess:
    """The parts of a process that are asked how they stand; asking changes nothing."""

    gate: Gate
    worlds: CurrentWorld
    standing: Standing
    records: WatchedRecords
    asking: Asking
    clock: Callable[[], Instant]
    counts: Counts = field(default_factory=Counts)
    faces: list[Face] = field(default_factory=list)

    def counted(self) -> tuple[Totals, Now]:
        """Give what was counted, and what stands now."""
        world, since = self.standing.in_force_since
        signing_since = signs_from(self.worlds.now.keys.signing_id)
        now = Now(
            world,
            int(since),
            waiting=self.records.waiting,
            in_hand=self._in_hand,
            places=self._places,
            records_failing=int(self.records.is_failing),
            signing_since=None if signing_since == EARLIEST else int(signing_since),
            failing={part: int(row.since) for part, row in self.standing.failures.items()},
            issuers={
                name: (int(not each.why_not), each.usable_until)
                for name, each in self.asking.health().items()
            },
        )
        return self.counts.totals(living()), now

    def status(self) -> Mapping[str, object]:
        """Give the process's part of what `authz status` shows, as JSON."""
        world, since = self.standing.in_force_since
        return {
            "world": world,
            "since": moment(since),
            "age": self.clock() - since,
            "failed": {part: _failed(row) for part, row in self.standing.failures.items()},
            "keys": list(self._keys()),
            "issuers": list(self._issuers()),
            "records": {
                "file": self.gate.records_file,
                "level": str(self.gate.records_level),
                "taken": not self.records.is_failing,
                "waiting": self.records.waiting,
            },
            "checks": {"inHand": self._in_hand, "places": self._places},
            "troubles": list(self._troubles()),
        }

    def status_alone(self) -> Mapping[str, object]:
        """Give the whole document, where there is no other process."""
        totals, _ = self.counted()
        row = {"worker": 0, "ready": not self.records.is_failing, **self.status()}
        return document([row], totals, 0, self.clock())

    @property
    def _in_hand(self) -> int:
        return sum(face.in_hand for face in self.faces)

    @property
    def _places(self) -> int:
        return IN_HAND * len(self.faces)

    def _keys(self) -> Iterator[Mapping[str, object]]:
        now, schedule = self.clock(), self.worlds.now.keys.schedule
        for turn in schedule.turns:
            state = schedule.state(turn, now)
            if state is State.RETIRED:
                continue
            has_begun = EARLIEST < turn.signs_from <= now
            yield {
                "id": turn.key_id,
                "state": str(state),
                "signsFrom": None if turn.signs_from == EARLIEST else moment(turn.signs_from),
                "age": now - turn.signs_from if has_begun else None,
                "retiredFrom": None if turn.retired_from == LATEST else moment(turn.retired_from),
            }

    def _issuers(self) -> Iterator[Mapping[str, object]]:
        for name, each in self.asking.health().items():
            ends = each.usable_until
            yield {
                "name": name,
                "answers": not each.why_not,
                "whyNot": each.why_not or None,
                "keys": each.keys,
                "usableFor": None if ends is None else max(0, ends - self.clock()),
            }

    def _troubles(self) -> Iterator[str]:
        for part, failure in self.standing.failures.items():
            yield f"{part} is not as its files say: {failure.mistakes[0]}"
        for name, each in self.asking.health().items():
            if not each.can_be_used(self.clock()):
                yield f"issuer {name} has no keys that may be used, so its tokens are refused"
            if each.why_not:
                yield f"issuer {name} does not answer: {each.why_not}"
        if self.records.is_failing:
            yield "records cannot be written, so every call is refused"
        if self.faces and self._in_hand >= self._places:
            yield f"{self._in_hand} Checks are in hand, more are refused unread"


def _failed(failure: Failure) -> Mapping[str, object]:
    told = failure.mistakes[:MOST_MISTAKES]
    return {
        "since": moment(failure.since),
        "mistakes": [{"at": str(row.position), "what": str(row)} for row in told],
        "more": len(failure.mistakes) - len(told),
    }
