"""One Check from bytes to bytes: the place that owns time, ids and signing.

Whatever fails here is answered with an explicit denial (503), never with an
aborted call: a filter that is set to allow on failure is not reached.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, assert_never

from structlog.typing import FilteringBoundLogger

from authz._proto.external_auth_pb2 import CheckRequest, CheckResponse
from authz.audit.describe import describe
from authz.audit.sink import RecordUnwritten
from authz.claims.check import TokenTooWide, check_minted
from authz.decide import decide
from authz.model.call import Call
from authz.model.instant import Instant
from authz.model.outcome import (
    NO_ANSWERS,
    Allowed,
    CheckedToken,
    Facts,
    Need,
    Outcome,
    TurnedAway,
)
from authz.outcomes import fault, overloaded, too_wide
from authz.steps.given import Given, Grant
from authz.telemetry.logs import whereabouts
from authz.tokens.mint import mint
from authz.tokens.signing_keys import SigningKeys
from authz.wire.check import read_check, unread_call, write_allow, write_refusal
from authz.world import World

TRACEPARENT = "traceparent"


class Records(Protocol):
    """Where decision records go."""

    def write(self, record: Mapping[str, object]) -> None:
        """Keep one record, or raise `RecordUnwritten`."""


class Released(NamedTuple):
    """An allow with the token that was signed for it and passed the self-check."""

    allowed: Allowed
    token: CheckedToken


class SpeakableFault(Exception):
    """A fault whose message is ours and quotes nobody, so that the record may hold it."""


class NeedUnanswered(SpeakableFault):
    """A step asked something that this server cannot find out."""


class NoListedEnvoy(SpeakableFault):
    """Somebody asks who is no Envoy that the listener lists."""

    def __init__(self) -> None:
        super().__init__("the caller of this port is no Envoy that the listener lists")


def read_clock() -> Instant:
    """Read the clock: once a request, here and nowhere else."""
    return Instant(int(time.time()))


@dataclass(frozen=True, slots=True)
class DecisionPoint:
    """What answers Checks: a world, the keys that sign, and the log of it all."""

    world: World
    keys: SigningKeys
    records: Records
    log: FilteringBoundLogger
    clock: Callable[[], Instant] = read_clock

    def answer(self, request: bytes, listener: str, metadata: Mapping[str, str]) -> CheckResponse:
        """
        Answer one Check that a listed Envoy sent; the record is written first.

        Args:
            request: The message as it came. Bytes that are none are a fault too.
            listener: Name of the listener that it came by.
            metadata: Of the gRPC call; `traceparent` is read.
        """
        now = self.clock()
        unread = unread_call(listener, decision=_new_id(), new_trace=_new_id())
        known, stages = Facts(unread), dict[str, int]()
        try:
            call = self._read(request, unread, metadata, stages)
            known = Facts(call)
            decided = self._decide(call, now, stages)
            known = decided.facts
            released = self._release(decided, call, now, stages)
            self._record(released, now, stages)
            match released:
                case Released(allowed, token):
                    return write_allow(allowed, token)
                case TurnedAway():
                    return write_refusal(released.answer)
                case other:
                    assert_never(other)
        except BaseException as error:  # noqa: BLE001 - the one place: any fault, a panic of the
            # engine's included (which is no Exception), is an explicit no.
            return self._fault(known, error, now, stages)

    def refuse_stranger(self, listener: str) -> CheckResponse:
        """Answer a Check of somebody who is no listed Envoy: no token, and nothing is read."""
        call = unread_call(listener, decision=_new_id(), new_trace=_new_id())
        return self._fault(Facts(call), NoListedEnvoy(), self.clock(), {})

    def refuse_overload(self, listener: str) -> CheckResponse:
        """Answer a Check that there is no time for; nothing of it is read."""
        call = unread_call(listener, decision=_new_id(), new_trace=_new_id())
        known, now = Facts(call), self.clock()
        outcome = overloaded(known)
        try:
            self._record(outcome, now, {})
        except Exception as error:  # noqa: BLE001 - as in `answer`: any fault is an explicit no.
            return self._fault(known, error, now, {})
        return write_refusal(outcome.answer)

    def _read(
        self, request: bytes, unread: Call, metadata: Mapping[str, str], stages: dict[str, int]
    ) -> Call:
        started = time.perf_counter_ns()
        call = read_check(CheckRequest.FromString(request), unread, metadata.get(TRACEPARENT))
        stages["read"] = _microseconds_since(started)
        return call

    def _decide(self, call: Call, now: Instant, stages: dict[str, int]) -> Outcome:
        started = time.perf_counter_ns()
        outcome = decide(call, self.world, now, NO_ANSWERS)
        stages["decide"] = _microseconds_since(started)
        if isinstance(outcome, Need):
            raise NeedUnanswered(outcome.question)
        return outcome

    def _release(
        self, decided: Outcome, call: Call, now: Instant, stages: dict[str, int]
    ) -> Released | TurnedAway:
        """Sign the token of an allow and read it back: one that says too much is turned away."""
        match decided:
            case TurnedAway():
                return decided
            case Allowed():
                started = time.perf_counter_ns()
                grant = decided.facts.of(Grant)
                try:
                    token = check_minted(
                        mint(grant.claims, self.keys), self.world.own_keys, grant.inputs, now
                    )
                except TokenTooWide as error:
                    given = Given(call, self.world, now, NO_ANSWERS)
                    return too_wide(given, decided, error)
                stages["sign"] = _microseconds_since(started)
                return Released(decided, token)
            case other:
                assert_never(other)

    def _record(
        self, released: Released | TurnedAway, now: Instant, stages: Mapping[str, int]
    ) -> None:
        outcome = released.allowed if isinstance(released, Released) else released
        self.records.write(describe(outcome, now, self.world.version, stages))

    def _fault(
        self, known: Facts, error: BaseException, now: Instant, stages: Mapping[str, int]
    ) -> CheckResponse:
        """Refuse for a reason of ours. Log and record are tried; one of them may be what failed."""
        outcome = fault(
            known, str(error) if isinstance(error, SpeakableFault) else type(error).__name__
        )
        decision = known.of(Call).decision
        with contextlib.suppress(Exception):
            self.log.error("fault", decision=decision, **whereabouts(error))
        if not isinstance(error, RecordUnwritten):
            with contextlib.suppress(Exception):
                self.records.write(describe(outcome, now, self.world.version, stages))
        return write_refusal(outcome.answer)


def _new_id() -> str:
    return secrets.token_hex(16)


def _microseconds_since(started: int) -> int:
    return (time.perf_counter_ns() - started) // 1000
