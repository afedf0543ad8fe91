"""One Check from bytes to bytes: the place that owns time, ids and signing.

Whatever fails here is answered with an explicit denial (503), never with an
aborted call: a filter that is set to allow on failure is not reached.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from structlog.typing import FilteringBoundLogger

from authz._proto.external_auth_pb2 import CheckRequest, CheckResponse
from authz.audit.describe import describe
from authz.audit.sink import RecordUnwritten
from authz.claims.check import TokenTooWide, check_minted
from authz.decide import decide
from authz.model.call import Call
from authz.model.instant import Instant
from authz.model.outcome import NO_ANSWERS, Need, Outcome
from authz.outcomes import fault, too_wide
from authz.steps.given import Given, Grant
from authz.telemetry.logs import whereabouts
from authz.tokens.mint import mint
from authz.tokens.signing_keys import SigningKeys
from authz.wire.check import read_check, write_allow, write_refusal
from authz.world import World

TRACEPARENT = "traceparent"
NOBODY_LISTED = "the caller of this port is no Envoy that the listener lists"


class Records(Protocol):
    """Where decision records go."""

    def write(self, record: Mapping[str, object]) -> None:
        """Keep one record, or raise `RecordUnwritten`."""


class NeedUnanswered(Exception):
    """A step asked something that this server cannot find out."""


def now() -> Instant:
    """Read the clock: once a request, here and nowhere else."""
    return Instant(int(time.time()))


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers Checks: a world, the keys that sign, and the log of it all."""

    world: World
    keys: SigningKeys
    records: Records
    log: FilteringBoundLogger
    clock: Callable[[], Instant] = now

    def answer(
        self, request: CheckRequest, listener: str, metadata: Mapping[str, str]
    ) -> CheckResponse:
        """Answer one Check that a listed Envoy sent; the record is written first."""
        started = time.perf_counter_ns()
        moment, call = self.clock(), self._call(request, listener, metadata)
        stages = {"read": _microseconds_since(started)}
        try:
            outcome, token = self._decide(call, moment, stages)
        except Exception as error:  # noqa: BLE001 - the one place: any fault is an explicit no
            self.log.error("fault", decision=call.decision, **whereabouts(error))
            outcome, token = fault(call, type(error).__name__), ""
        return self._release(outcome, token, moment, stages)

    def refuse_stranger(self, request: CheckRequest, listener: str) -> CheckResponse:
        """Answer a Check of somebody who is no listed Envoy: a fault, and no token."""
        call = self._call(request, listener, {})
        self.log.warning("stranger", decision=call.decision, listener=listener)
        return self._release(fault(call, NOBODY_LISTED), "", self.clock(), {})

    def _call(self, request: CheckRequest, listener: str, metadata: Mapping[str, str]) -> Call:
        return read_check(
            request,
            listener=listener,
            decision=secrets.token_hex(16),
            new_trace=secrets.token_hex(16),
            traceparent=metadata.get(TRACEPARENT),
        )

    def _decide(self, call: Call, moment: Instant, stages: dict[str, int]) -> tuple[Outcome, str]:
        started = time.perf_counter_ns()
        outcome = decide(call, self.world, moment, NO_ANSWERS)
        stages["decide"] = _microseconds_since(started)
        if isinstance(outcome, Need):
            raise NeedUnanswered(outcome.question)
        if outcome.answer is not None:
            return outcome, ""
        started = time.perf_counter_ns()
        grant = outcome.facts.of(Grant)
        token = mint(grant.claims, self.keys)
        try:
            check_minted(token, self.world.own_keys, grant.limits, moment)
        except TokenTooWide as error:
            return too_wide(Given(call, self.world, moment, NO_ANSWERS), outcome, error), ""
        stages["sign"] = _microseconds_since(started)
        return outcome, token

    def _release(
        self, outcome: Outcome, token: str, moment: Instant, stages: Mapping[str, int]
    ) -> CheckResponse:
        """Write the record, then give the answer. What cannot be recorded is refused."""
        try:
            self.records.write(describe(outcome, moment, self.world.version, stages))
        except RecordUnwritten as error:
            call = outcome.facts.of(Call)
            self.log.error("record_unwritten", decision=call.decision, why=str(error))
            outcome = fault(call, "the record could not be written")
        if outcome.answer is not None:
            return write_refusal(outcome.answer)
        return write_allow(outcome, token)


def _microseconds_since(started: int) -> int:
    return (time.perf_counter_ns() - started) // 1000
