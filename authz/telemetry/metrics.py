"""Metrics as OpenTelemetry has them: what was counted, shown when Prometheus asks, or sent by OTLP.

No label holds what a caller wrote: verdicts, reasons and stages are closed lists,
memos have names of ours, issuers and parts the operator's, and a world's version is a digest.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    MetricExporter,
    MetricReader,
    MetricsData,
    PeriodicExportingMetricReader,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.metrics.export import Metric as Told
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from authz.model.reasons import Reason, verdict_of
from authz.telemetry import names
from authz.telemetry.counts import Kept, Seen, Spent
from authz.telemetry.names import DURATION_BOUNDS, Metric

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MICROSECONDS = 1e6
STOP_SECONDS = 3.0
"""For which a stop waits until the last numbers are sent."""


Rows = Iterator[tuple[float, Mapping[str, str]]]
"""Values with their labels."""


Look = Callable[[], Seen]


class _Instruments:
    """The one set of instruments, read by one reader; each reading is of one moment."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self.lock = threading.Lock()
        self.seen: Seen | None = None

    def look(self) -> None:
        """Take the moment that is read next; to be called under `lock`, as reading is."""
        self.seen = self._look()

    def read_by(self, reader: MetricReader, resource: Resource) -> MeterProvider:
        """Let *reader* read them."""
        provider = MeterProvider([reader], resource, shutdown_on_exit=False)
        meter = provider.get_meter("narrowgate")
        for metric, rows in COUNTED.items():
            meter.create_observable_counter(
                metric.name, [self._observing(rows)], metric.unit, metric.help
            )
        for metric, rows in STANDING.items():
            meter.create_observable_gauge(
                metric.name, [self._observing(rows)], metric.unit, metric.help
            )
        return provider

    def _observing(
        self, rows: Callable[[Seen], Rows]
    ) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_options: CallbackOptions) -> Iterable[Observation]:
            seen = self.seen
            return [Observation(value, labels) for value, labels in rows(seen)] if seen else []

        return observe

    def with_durations(self, data: MetricsData) -> MetricsData:
        """
        Give *data* with how long Checks took.

        A histogram that is read when somebody asks is what OpenTelemetry has no
        instrument for, and one that is told each Check would cost it microseconds.
        """
        if self.seen is None:
            return data
        told = _durations(self.seen)
        return MetricsData([_with(told, each) for each in data.resource_metrics])


def _with(told: Told, metrics: ResourceMetrics) -> ResourceMetrics:
    first, *others = metrics.scope_metrics
    scope = ScopeMetrics(first.scope, [*first.metrics, told], first.schema_url)
    return ResourceMetrics(metrics.resource, [scope, *others], metrics.schema_url)


def _durations(seen: Seen) -> Told:
    totals, metric = seen.totals, names.CHECK_SECONDS
    point = HistogramDataPoint(
        attributes={},
        start_time_unix_nano=0,
        time_unix_nano=seen.moment * 1_000_000_000,
        count=sum(totals.durations),
        sum=totals.microseconds / MICROSECONDS,
        bucket_counts=list(totals.durations),
        explicit_bounds=list(DURATION_BOUNDS),
        min=math.nan,
        max=math.nan,
    )
    data = Histogram([point], AggregationTemporality.CUMULATIVE)
    return Told(metric.name, metric.help, metric.unit, data)


class Metrics:
    """Shows what is counted to Prometheus, as often as it asks."""

    def __init__(self, look: Look) -> None:
        """Ask *look* each time, and nobody before."""
        self._instruments = instruments = _Instruments(look)
        self._registry = CollectorRegistry()

        class Reader(PrometheusMetricReader):
            def _receive_metrics(
                self, metrics_data: MetricsData, timeout_millis: float = 10_000, **others: object
            ) -> None:
                told = instruments.with_durations(metrics_data)
                super()._receive_metrics(told, timeout_millis, **others)

        reader = Reader(disable_target_info=True, scope_info_enabled=False, registry=self._registry)
        instruments.read_by(reader, Resource.get_empty())

    def text(self) -> bytes:
        """Give all of it as Prometheus reads it."""
        with self._instruments.lock:
            self._instruments.look()
            return generate_latest(self._registry)


class PushedMetrics:
    """Sends what is counted, again and again, inside the `with` block, and once at its end."""

    def __init__(
        self, look: Look, exporter: MetricExporter, resource: Resource, interval: float
    ) -> None:
        """Ask *look* every *interval* seconds, and nobody before."""
        instruments = _Instruments(look)

        class Reader(PeriodicExportingMetricReader):
            def _receive_metrics(
                self, metrics_data: MetricsData, timeout_millis: float = 10_000, **others: object
            ) -> None:
                told = instruments.with_durations(metrics_data)
                super()._receive_metrics(told, timeout_millis, **others)

        self._instruments = instruments
        self._reader = Reader(exporter, export_interval_millis=math.inf)
        self._interval = interval
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._live, name="metrics", daemon=True)
        instruments.read_by(self._reader, resource)

    def _live(self) -> None:
        while not self._is_over.wait(self._interval):
            self._send()
        self._send()

    def _send(self) -> None:
        with self._instruments.lock:
            self._instruments.look()
            self._reader.collect()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join(STOP_SECONDS)
        self._reader.shutdown()


def _checks(seen: Seen) -> Rows:
    for reason, count in seen.totals.checks.items():
        yield count, {"verdict": str(verdict_of(Reason(reason))), "reason": reason}


def _stage_seconds(seen: Seen) -> Rows:
    for stage, numbers in seen.totals.stages.items():
        yield Spent(*numbers).microseconds / MICROSECONDS, {"stage": stage}


def _stage_runs(seen: Seen) -> Rows:
    for stage, numbers in seen.totals.stages.items():
        yield Spent(*numbers).runs, {"stage": stage}


def _memo_hits(seen: Seen) -> Rows:
    for memo, numbers in seen.totals.memos.items():
        yield Kept(*numbers).hits, {"memo": memo}


def _memo_misses(seen: Seen) -> Rows:
    for memo, numbers in seen.totals.memos.items():
        yield Kept(*numbers).misses, {"memo": memo}


def _memo_size(seen: Seen) -> Rows:
    for memo, numbers in seen.totals.memos.items():
        yield Kept(*numbers).size, {"memo": memo}


def _waiting(seen: Seen) -> Rows:
    yield sum(each.waiting for each in seen.now), {}


def _in_hand(seen: Seen) -> Rows:
    yield sum(each.in_hand for each in seen.now), {}


def _places(seen: Seen) -> Rows:
    yield sum(each.places for each in seen.now), {}


def _records_failing(seen: Seen) -> Rows:
    yield sum(each.records_failing for each in seen.now), {}


def _spans(seen: Seen) -> Rows:
    for outcome, count in seen.totals.spans.items():
        yield count, {"outcome": outcome}


def _not_loaded(seen: Seen) -> Rows:
    parts = Counter(part for each in seen.now for part in each.failing)
    for part in {"world", "keys", *parts}:
        yield parts[part], {"part": part}


def _key_age(seen: Seen) -> Rows:
    known = [each.signing_since for each in seen.now if each.signing_since is not None]
    if known:
        yield seen.moment - min(known), {}


def _issuer_answers(seen: Seen) -> Rows:
    for issuer, rows in _by_issuer(seen):
        yield min(answers or 0 for answers, _ in rows), {"issuer": issuer}


def _issuer_usable(seen: Seen) -> Rows:
    for issuer, rows in _by_issuer(seen):
        ends = [end for _, end in rows if end is not None]
        if ends:
            yield max(0, min(ends) - seen.moment), {"issuer": issuer}


def _by_issuer(seen: Seen) -> Iterator[tuple[str, list[Sequence[int | None]]]]:
    for issuer in sorted({name for each in seen.now for name in each.issuers}):
        yield issuer, [each.issuers[issuer] for each in seen.now if issuer in each.issuers]


def _world_age(seen: Seen) -> Rows:
    if seen.now:
        yield seen.moment - min(each.since for each in seen.now), {}


def _worlds(seen: Seen) -> Rows:
    for world, processes in Counter(each.world for each in seen.now).items():
        yield processes, {"world": world}


def _ready(seen: Seen) -> Rows:
    yield seen.ready, {}


def _restarts(seen: Seen) -> Rows:
    yield seen.restarts, {}


COUNTED: Mapping[Metric, Callable[[Seen], Rows]] = {
    names.CHECKS: _checks,
    names.STAGE_SECONDS: _stage_seconds,
    names.STAGE_RUNS: _stage_runs,
    names.MEMO_HITS: _memo_hits,
    names.MEMO_MISSES: _memo_misses,
    names.RESTARTS: _restarts,
    names.SPANS: _spans,
}
STANDING: Mapping[Metric, Callable[[Seen], Rows]] = {
    names.MEMO_SIZE: _memo_size,
    names.RECORDS_WAITING: _waiting,
    names.IN_HAND: _in_hand,
    names.PLACES: _places,
    names.RECORDS_FAILING: _records_failing,
    names.NOT_LOADED: _not_loaded,
    names.KEY_AGE: _key_age,
    names.ISSUER_ANSWERS: _issuer_answers,
    names.ISSUER_USABLE: _issuer_usable,
    names.WORLD_AGE: _world_age,
    names.WORLD: _worlds,
    names.READY: _ready,
}
