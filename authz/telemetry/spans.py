"""One span a Check, made when its record is: all that it says, the record says as well.

Who asks chooses trace ids and flags, and must not make us pay for it:

- `sampled` of the Check's own metadata is the word of Envoy, and is followed.
- The flag of a request header or of MCP's `_meta` is a stranger's, and counts for nothing;
  nor does the trace id, which a stranger can choose. Chance decides, by the decision's id.
- More than `MOST_A_SECOND` are never made, whoever asks for them.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter_ns
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from authz.model.call import Call
from authz.model.operation import Message
from authz.model.outcome import Facts
from authz.model.reasons import Reason
from authz.model.trace import Parent, parent_of
from authz.telemetry import names
from authz.telemetry.counts import Counts
from authz.telemetry.tracing import Waited

MOST_A_SECOND = 100
"""Spans of Checks a process makes; of more only the number is known."""

_SCOPE = InstrumentationScope("narrowgate")
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_WHOLE = 1 << 32


class Spans:
    """Makes spans and hands them to a processor, which sends them on a thread of its own."""

    def __init__(
        self,
        processor: SpanProcessor,
        resource: Resource,
        counts: Counts,
        share: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Make none yet.

        Args:
            processor: Is given each span.
            resource: What the process is.
            counts: Is told of each that was made, and of each that was left out as too many.
            share: Of Checks that no Envoy has decided about, from 0 to 1.
            clock: Seconds that only go forward.
        """
        self._processor, self._resource, self._counts = processor, resource, counts
        self._below = round(share * _WHOLE)
        self._clock = clock
        self._lock = threading.Lock()
        self._second, self._made = 0, 0

    def tell(
        self, record: Mapping[str, Any], facts: Facts, began: int, waits: Sequence[Waited]
    ) -> None:
        """Make the span of one Check and its children, if it is to have one."""
        # A decision that is made and recorded must not fail because nobody can trace it.
        with contextlib.suppress(Exception):
            decision: str = record["decision"]
            call = facts.of(Call)
            envoys = parent_of(call.check_traceparent)
            if not (envoys.sampled if envoys else int(decision[:8], 16) < self._below):
                return
            if not self._has_room():
                self._counts.spans_left_out += 1
                return
            self._counts.spans_made += 1
            for span in self._spans(record, envoys or _named_by(facts), began, waits):
                self._processor.on_end(span)

    def _has_room(self) -> bool:
        second = int(self._clock())
        with self._lock:
            if second != self._second:
                self._second, self._made = second, 0
            self._made += 1
            return self._made <= MOST_A_SECOND

    def _spans(
        self, record: Mapping[str, Any], parent: Parent | None, began: int, waits: Sequence[Waited]
    ) -> Iterator[ReadableSpan]:
        now, moment = perf_counter_ns(), time.time_ns()
        # The last half of the id, so that a record names its span: the first half has decided.
        span_id = int(record["decision"][16:], 16) or 1
        context = _context(record["trace"], span_id, is_remote=False)
        above = parent and _context(parent.trace, int(parent.span, 16), is_remote=True)
        is_fault = record["reason"] == Reason.FAULT
        yield ReadableSpan(
            names.CHECK_SPAN,
            context,
            above,
            self._resource,
            _attributes(record),
            kind=SpanKind.SERVER,
            status=Status(StatusCode.ERROR if is_fault else StatusCode.UNSET),
            start_time=moment - (now - began),
            end_time=moment,
            instrumentation_scope=_SCOPE,
        )
        for number, wait in enumerate(waits, 1):
            yield ReadableSpan(
                f"{names.WAIT_SPAN} {wait.need}",
                _context(record["trace"], span_id ^ number or _WHOLE, is_remote=False),
                context,
                self._resource,
                {names.DECISION: record["decision"]},
                kind=SpanKind.CLIENT,
                start_time=moment - (now - wait.began),
                end_time=moment - (now - wait.ended),
                instrumentation_scope=_SCOPE,
            )


def _context(trace: str, span_id: int, *, is_remote: bool) -> SpanContext:
    return SpanContext(int(trace, 16), span_id, is_remote, _SAMPLED)


def _named_by(facts: Facts) -> Parent | None:
    """Give the span that the caller names: by the request's header, else by MCP's `_meta`."""
    message = facts.find(Message)
    offered = (facts.of(Call).headers.get("traceparent"), message.traceparent if message else None)
    return next(filter(None, map(parent_of, offered)), None)


def _attributes(record: Mapping[str, Any]) -> dict[str, str | int | float]:
    operation = record["operation"] or {}
    told: dict[str, str | int | float | None] = {
        names.DECISION: record["decision"],
        names.VERDICT: str(record["verdict"]),
        names.REASON: str(record["reason"]),
        names.STEP: record["step"],
        names.LISTENER: record["listener"],
        names.WORLD_VERSION: record["world"],
        names.AGENT: record["agent"],
        names.TARGET: record["target"],
        names.OPERATION: operation.get("method"),
        names.TOOL: operation.get("tool"),
    }
    told |= {f"{names.STAGE}.{name}": spent / 1e6 for name, spent in record["stages_us"].items()}
    return {name: value for name, value in told.items() if value is not None}
