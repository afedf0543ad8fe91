"""One span a Check: what it says, whose child it is, and who cannot make us pay for more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from authz._proto.external_auth_pb2 import CheckRequest
from authz.server.decision_point import DecisionPoint
from authz.telemetry import names
from authz.telemetry.counts import Counts
from authz.telemetry.spans import MOST_A_SECOND, Spans
from authz.telemetry.tracing import Waited
from tests.support.cases import case_named
from tests.support.direct import KeptRecords, check_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00"


class KeptSpans(SpanProcessor):
    """Spans as they were ended."""

    def __init__(self) -> None:
        self.rows: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Keep one."""
        self.rows.append(span)


class Traced:
    """A decision point whose spans are kept."""

    def __init__(self, point: DecisionPoint, share: float = 1.0) -> None:
        self.kept, self.records, self.counts = KeptSpans(), KeptRecords(), Counts()
        self.second = 0.0
        spans = Spans(self.kept, Resource({}), self.counts, share, lambda: self.second)
        self.point = replace(point, records=self.records, counts=self.counts, tracing=spans)

    def ask(
        self,
        name: str = "search-allowed",
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> list[ReadableSpan]:
        """Let it decide; give the spans that came of it."""
        case = case_named(name)
        request: CheckRequest = check_of(case)
        for header, value in (headers or {}).items():
            request.attributes.request.http.headers[header] = value
        before = len(self.kept.rows)
        point = replace(self.point, clock=lambda: case.now)
        point.answer(request.SerializeToString(), "out", metadata or {})
        return self.kept.rows[before:]


@pytest.mark.parametrize("name", ["search-allowed", "no-principal", "tool-not-on-list"])
def test_it_says_what_the_record_says(name: str, decision_point: DecisionPoint) -> None:
    """Verdict, reason, ids, target, operation and the time of each stage; no more than that."""
    traced = Traced(decision_point)
    (span,) = traced.ask(name)
    record, told = traced.records.rows[-1], dict(span.attributes or {})
    stages, operation = record["stages_us"], record["operation"] or {}
    assert isinstance(stages, dict)
    assert isinstance(operation, dict)

    assert f"{span.context.trace_id:032x}" == record["trace"]
    assert f"{span.context.span_id:016x}" == str(record["decision"])[16:]
    for stage in stages:
        assert told.pop(f"{names.STAGE}.{stage}") == stages[stage] / 1e6
    expected = {
        names.DECISION: record["decision"],
        names.VERDICT: record["verdict"],
        names.REASON: record["reason"],
        names.STEP: record["step"],
        names.LISTENER: "out",
        names.WORLD_VERSION: record["world"],
        names.AGENT: record["agent"],
        names.TARGET: record["target"],
        names.OPERATION: operation.get("method"),
        names.TOOL: operation.get("tool"),
    }
    assert told == {key: value for key, value in expected.items() if value is not None}
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.start_time < span.end_time


@pytest.mark.parametrize(
    ("metadata", "headers", "parent"),
    [
        ({}, {}, None),
        ({"traceparent": SAMPLED}, {"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}, SPAN),
        ({"traceparent": "no"}, {"traceparent": UNSAMPLED}, SPAN),
        ({}, {"traceparent": f"00-{TRACE}-{'0' * 16}-01"}, None),
        ({}, {"traceparent": f"{SAMPLED}\n"}, None),
        ({}, {"traceparent": f"00-{TRACE.upper()}-{SPAN}-01"}, None),
    ],
)
def test_parent(
    metadata: dict[str, str],
    headers: dict[str, str],
    parent: str | None,
    decision_point: DecisionPoint,
) -> None:
    """Envoy's own span first, then the request's, if it is well-formed; else it is a root."""
    (span,) = Traced(decision_point).ask(metadata=metadata, headers=headers)

    assert (span.parent and f"{span.parent.span_id:016x}") == parent
    if span.parent:
        assert span.parent.trace_id == span.context.trace_id == int(TRACE, 16)


def test_envoy_decides_and_a_stranger_does_not(decision_point: DecisionPoint) -> None:
    """Envoy's flag is followed both ways; with a share of 0 no header of a caller gets a span."""
    none, every = Traced(decision_point, share=0), Traced(decision_point, share=1)

    assert len(none.ask(metadata={"traceparent": SAMPLED})) == 1
    assert every.ask(metadata={"traceparent": UNSAMPLED}) == []
    assert none.ask(headers={"traceparent": SAMPLED}) == []
    assert len(every.ask(headers={"traceparent": UNSAMPLED})) == 1


def test_share_is_of_decisions_and_not_of_trace_ids(decision_point: DecisionPoint) -> None:
    """With a share of a half, one trace id that a caller keeps sending is neither all nor none."""
    traced = Traced(decision_point, share=0.5)
    made = [len(traced.ask(headers={"traceparent": SAMPLED})) for _ in range(60)]

    assert 0 < sum(made) < 60


def test_more_than_so_many_a_second_are_left_out(decision_point: DecisionPoint) -> None:
    """Beyond the bound they are counted and not made, whoever asks; the next second has its own."""
    traced = Traced(decision_point)
    for _ in range(MOST_A_SECOND + 3):
        traced.ask("no-principal", metadata={"traceparent": SAMPLED})
    assert len(traced.kept.rows) == MOST_A_SECOND
    assert traced.counts.totals(()).spans == {"made": MOST_A_SECOND, "left_out": 3}

    traced.second += 1
    assert len(traced.ask("no-principal")) == 1


def test_what_it_waited_for_is_a_child(decision_point: DecisionPoint) -> None:
    """A wait for somebody else is a span of its own, below that of the Check."""
    traced = Traced(decision_point)
    traced.ask()
    case = case_named("search-allowed")
    tell = traced.point.tracing
    assert tell is not None
    traced.kept.rows.clear()
    told: list[tuple[object, ...]] = []

    class Keeping:
        def tell(self, *given: object) -> None:
            told.append(given)

    replace(traced.point, tracing=Keeping(), clock=lambda: case.now).answer(
        check_of(case).SerializeToString(), "out", {}
    )
    record, facts, began, _ = told[0]
    waits = [Waited("KeysNeeded", 10_000, 30_000), Waited("IntrospectionNeeded", 40_000, 45_000)]
    tell.tell(record, facts, began, waits)  # type: ignore[arg-type]
    span, *children = traced.kept.rows

    assert [each.name for each in children] == [
        "narrowgate.wait KeysNeeded",
        "narrowgate.wait IntrospectionNeeded",
    ]
    assert len({each.context.span_id for each in traced.kept.rows}) == 3
    for each, wait in zip(children, waits, strict=True):
        assert each.parent == span.context
        assert (each.end_time or 0) - (each.start_time or 0) == wait.ended - wait.began


def test_a_tracer_that_fails_refuses_nobody(decision_point: DecisionPoint) -> None:
    """A decision that is made and recorded is answered though its span cannot be handed over."""
    traced = Traced(decision_point)
    traced.kept.on_end = None  # type: ignore[assignment, method-assign]
    traced.ask()

    assert [row["reason"] for row in traced.records.rows] == ["allow"]
