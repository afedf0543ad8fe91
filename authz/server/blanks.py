"""The refusal of a Check that there is no time for, made once and filled in for each.

All of them are one, but for their ids, the instant and the world: whoever has too
much to do must not work out the same each time. What is filled in is made by the
same code as every other refusal and record.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from authz.audit.describe import describe, time_of
from authz.audit.record import Record
from authz.model.call import Arrival
from authz.model.instant import EARLIEST, Instant
from authz.model.outcome import Facts
from authz.outcomes import overloaded
from authz.wire.check import unread_call, write_refusal

BLANK = "f" * 32
"""As long as an id, so that what is told of lengths stays true; no id of ours is it."""


@dataclass(frozen=True, slots=True)
class BlankRefusal:
    """The refusal of one listener, with `BLANK` where a decision has its id."""

    pieces: tuple[bytes, ...]
    """Of the answer, between the places where it names the decision."""

    described: Record

    def response(self, decision: str) -> bytes:
        """Give the answer to *decision*."""
        return decision.encode("ascii").join(self.pieces)

    def record(self, arrived: Arrival, world: str, now: Instant) -> Record:
        """Give the record of the Check that has *arrived*."""
        own = {
            **self.described.own,
            "time": time_of(now),
            "decision": arrived.decision,
            "trace": arrived.new_trace,
            "world": world,
        }
        return Record(own, self.described.tail)


@cache
def blank_refusal(listener: str) -> BlankRefusal:
    """Make what is the same in all refusals by *listener*, one of the few that are declared."""
    outcome = overloaded(Facts(unread_call(listener, decision=BLANK, new_trace=BLANK)))
    answer = write_refusal(outcome.answer)
    described = describe(outcome, EARLIEST, "", {}, frozenset())
    return BlankRefusal(tuple(answer.split(BLANK.encode("ascii"))), described)
