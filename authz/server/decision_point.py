"""One Check from bytes to bytes: the place that owns time, ids and signing.

Whatever fails here is answered with an explicit denial (503), never with an
aborted call: a filter that is set to allow on failure is not reached.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Protocol, assert_never

from msgspec import Struct
from structlog.typing import FilteringBoundLogger

from authz._proto.external_auth_pb2 import CheckRequest
from authz.audit.describe import describe
from authz.audit.record import Record
from authz.audit.sink import RecordUnwritten
from authz.claims.check import (
    Minted,
    TokenTooWide,
    check_again,
    check_minted,
    check_without_token,
)
from authz.claims.reuse import Sameness, sameness_of
from authz.decide import decide
from authz.model.call import Arrival, Call
from authz.model.instant import Instant
from authz.model.needs import Need
from authz.model.outcome import (
    NO_ANSWERS,
    Allowed,
    Facts,
    Forwarded,
    Named,
    Outcome,
    Replied,
    TurnedAway,
)
from authz.model.reasons import Reason
from authz.outcomes import fault, too_wide
from authz.server.blanks import blank_refusal
from authz.server.needs import NeedAnswers, Patience, WouldWait
from authz.server.worlds import CurrentWorld, InForce
from authz.steps.given import Given, Grant, Link
from authz.telemetry.counts import Counts
from authz.telemetry.logs import whereabouts
from authz.telemetry.tracing import Tracing, Waited
from authz.tokens.mint import mint
from authz.wire.check import (
    read_check,
    unread_call,
    write_allow,
    write_forwarded,
    write_named,
    write_refusal,
)
from authz.world import World

IN_NO_HURRY = Patience()
MAX_NEEDS = 4
"""Of one decision; no order of steps asks for more than three."""


class Records(Protocol):
    """Where decision records go."""

    def write(self, line: bytes) -> None:
        """Keep the line of one record, or raise `RecordUnwritten`."""

    def owe(self, line: bytes) -> None:
        """Keep that of a refusal until records can be written again."""


class Released(Struct, frozen=True, gc=False):
    """An allow with the token that was signed for it and passed the self-check."""

    allowed: Allowed
    minted: Minted
    same: Sameness
    """What other calls have to have in common with this one to get its token."""


Answerable = Released | Named | Forwarded | TurnedAway | Replied
"""What a Check can be answered with: no allow that wants a token is among it without one."""


class SpeakableFault(Exception):
    """A fault whose message is ours and quotes nobody, so that the record may hold it."""


class NeedUnanswered(SpeakableFault):
    """A step asked more than can be found out."""


class NoListedEnvoy(SpeakableFault):
    """Somebody asks who is no Envoy that the listener lists."""

    def __str__(self) -> str:
        return "the caller of this port is no Envoy that the listener lists"


class NoMessage(SpeakableFault):
    """What came is no whole message."""

    def __str__(self) -> str:
        return "what came is no whole message of gRPC, or it is compressed or too long"


def read_clock() -> Instant:
    """Read the clock: once a request, here and nowhere else."""
    return Instant(int(time.time()))


class Moment(Struct, frozen=True, gc=False):
    """What one Check is decided in, taken once and kept to its end; and how long it took."""

    in_force: InForce
    now: Instant
    began: int
    """When it arrived, by `perf_counter_ns`."""

    stages: dict[str, int] = {}
    """Microseconds by stage, as far as they are over."""

    waits: list[Waited] = []
    """Whom it waited for."""

    @property
    def world(self) -> World:
        """The world of all of it."""
        return self.in_force.world

    def over(self, stage: str, started: int) -> None:
        """Add the time since *started* (of `perf_counter_ns`) to *stage*, which ended well."""
        spent = (perf_counter_ns() - started) // 1000
        self.stages[stage] = self.stages.get(stage, 0) + spent

    @property
    def microseconds(self) -> int:
        """Until now."""
        return (perf_counter_ns() - self.began) // 1000


@dataclass(frozen=True, slots=True)
class DecisionPoint:
    """What answers Checks: the current world with the keys that sign, and the log of it all."""

    worlds: CurrentWorld
    records: Records
    log: FilteringBoundLogger
    needs: NeedAnswers = field(default_factory=NeedAnswers)
    clock: Callable[[], Instant] = read_clock
    counts: Counts = field(default_factory=Counts)
    tracing: Tracing | None = None

    @property
    def world(self) -> World:
        """The world that a request is decided in which comes now."""
        return self.worlds.now.world

    def answer(
        self,
        request: bytes,
        listener: str,
        metadata: Mapping[str, str],
        patience: Patience = IN_NO_HURRY,
    ) -> bytes:
        """
        Answer one Check that a listed Envoy sent; the record is written first.

        Args:
            request: The message as it came. Bytes that are none are a fault too.
            listener: Name of the listener that it came by.
            metadata: Of the gRPC call; what came several times is joined by a bare comma.
            patience: How long it may wait for what has to be found out elsewhere.

        Raises:
            WouldWait: *patience* does. Nothing was released or recorded; the same Check can be
                asked anew.
        """
        moment = self._moment()
        arrived = _arrival(listener)
        call: Call | None = None
        decided: Outcome | None = None
        try:
            started = perf_counter_ns()
            call = read_check(CheckRequest.FromString(request), arrived, metadata)
            moment.over("read", started)
            decided = self._decide(call, moment, patience)
            released = self._release(decided, call, moment)
            self._record(released, moment)
            match released:
                case Released(allowed, minted, same):
                    # Not before: its `jti` would be the id of a decision that is recorded as none.
                    moment.in_force.minted.keep(same, minted)
                    return write_allow(allowed, minted.token)
                case Named():
                    return write_named(released)
                case Forwarded():
                    return write_forwarded(released)
                case TurnedAway() | Replied():
                    return write_refusal(released.answer)
                case other:
                    assert_never(other)
        except WouldWait:
            raise
        except BaseException as error:  # noqa: BLE001 - the one place: any fault, a panic of the
            # engine's included (which is no Exception), is an explicit no.
            return self._fault(_known(arrived, call, decided), error, moment)

    def refuse_stranger(self, listener: str) -> bytes:
        """Answer a Check of somebody who is no listed Envoy: no token, and nothing is read."""
        return self.refuse_unread(listener, NoListedEnvoy())

    def refuse_unread(self, listener: str, error: BaseException) -> bytes:
        """Answer a Check that *error* keeps from being read."""
        return self._fault(_nothing_of(_arrival(listener)), error, self._moment())

    def refuse_overload(self, listener: str) -> bytes:
        """Answer a Check that there is no time for; nothing of it is read."""
        moment, arrived = self._moment(), _arrival(listener)
        blank = blank_refusal(listener)
        try:
            self.records.write(blank.record(arrived, moment.world.version, moment.now).line)
            self.counts.decided(Reason.OVERLOADED, moment.stages, moment.microseconds)
        except BaseException as error:  # noqa: BLE001 - as in `answer`: any fault is a no.
            return self._fault(_nothing_of(arrived), error, moment)
        return blank.response(arrived.decision)

    def _moment(self) -> Moment:
        return Moment(self.worlds.now, self.clock(), perf_counter_ns())

    def _decide(self, call: Call, moment: Moment, patience: Patience) -> Outcome:
        """Decide, finding out what is needed on the way; the world and the instant stay."""
        answers: dict[Need, object] = {}
        while True:
            started = perf_counter_ns()
            outcome = decide(call, moment.world, moment.now, answers)
            moment.over("decide", started)
            if not isinstance(outcome, Need):
                return outcome
            if outcome in answers or len(answers) == MAX_NEEDS:
                raise NeedUnanswered("a decision asks without end")
            started, elsewhere = perf_counter_ns(), moment.in_force.elsewhere
            answers[outcome] = self.needs.answer(outcome, elsewhere, moment.now, patience)
            moment.over("wait", started)
            moment.waits.append(Waited(type(outcome).__name__, started, perf_counter_ns()))

    def _release(self, decided: Outcome, call: Call, moment: Moment) -> Answerable:
        """Sign the token of an allow and read it back: one that says too much is turned away."""
        match decided:
            case Named():
                check_without_token(decided.facts.of(Link).target)
                return decided
            case Allowed():
                try:
                    started = perf_counter_ns()
                    grant = decided.facts.of(Grant)
                    same = sameness_of(grant.claims, grant.inputs)
                    minted = _token_for(grant, same, moment)
                    moment.over("sign", started)
                except TokenTooWide as error:
                    given = Given(call, moment.world, moment.now, NO_ANSWERS)
                    return too_wide(given, decided, error)
                return Released(decided, minted, same)
            case TurnedAway() | Replied() | Forwarded():
                return decided
            case other:
                assert_never(other)

    def _record(self, released: Answerable, moment: Moment) -> None:
        match released:
            case Released(outcome, minted, _):
                record = _described(outcome, moment, minted)
            case outcome:
                record = _described(outcome, moment)
        self.records.write(record.line)
        self.counts.decided(outcome.reason, moment.stages, moment.microseconds)
        self._trace(record, outcome, moment)

    def _trace(self, record: Record, outcome: Outcome, moment: Moment) -> None:
        if self.tracing is not None:
            self.tracing.tell(record, outcome.facts, moment.began, moment.waits)

    def _write_or_owe(self, record: Record, error: BaseException) -> None:
        """Write the record of a fault, now or, where records cannot be written, afterwards."""
        if not isinstance(error, RecordUnwritten):
            with contextlib.suppress(RecordUnwritten):
                self.records.write(record.line)
                return
        self.records.owe(record.line)

    def _fault(self, known: Facts, error: BaseException, moment: Moment) -> bytes:
        """Refuse for a reason of ours. All else is tried: any part of it may be what failed."""
        outcome = fault(
            known, str(error) if isinstance(error, SpeakableFault) else type(error).__name__
        )
        decision = known.of(Call).decision
        with contextlib.suppress(BaseException):
            self.counts.decided(outcome.reason, moment.stages, moment.microseconds)
        with contextlib.suppress(BaseException):
            self.log.error("fault", decision=decision, **whereabouts(error))
        with contextlib.suppress(BaseException):
            record = _described(outcome, moment)
            self._trace(record, outcome, moment)
            self._write_or_owe(record, error)
        return write_refusal(outcome.answer)


def _token_for(grant: Grant, same: Sameness, moment: Moment) -> Minted:
    """Give a token for what was granted: one that was signed for the same, or a new one."""
    in_force, now = moment.in_force, moment.now
    minted = in_force.minted.find(same, now)
    if minted is not None:
        check_again(minted, grant.inputs, now)
        return minted
    signed = mint(grant.claims, in_force.keys)
    return check_minted(signed, in_force.world.own_keys, grant.inputs, now)


def _described(outcome: Outcome, moment: Moment, minted: Minted | None = None) -> Record:
    world, headers = moment.world, moment.world.directory.gate.policy_headers
    return describe(outcome, moment.now, world.version, moment.stages, headers, minted)


def _arrival(listener: str) -> Arrival:
    """Give new ids, 128 random bits each."""
    ids = os.urandom(32).hex()
    return Arrival(listener, decision=ids[:32], new_trace=ids[32:])


def _known(arrived: Arrival, call: Call | None, decided: Outcome | None) -> Facts:
    """Give what is known of a Check where something fails: all of it, the call, or how it came."""
    if decided is not None:
        return decided.facts
    return _nothing_of(arrived) if call is None else Facts(call)


def _nothing_of(arrived: Arrival) -> Facts:
    """Give what is known of a Check that was not read."""
    decision, new_trace = arrived.decision, arrived.new_trace
    return Facts(unread_call(arrived.listener, decision=decision, new_trace=new_trace))
