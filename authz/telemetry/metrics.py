"""Metrics as OpenTelemetry has them, for Prometheus: what was counted, shown when it is asked for.

No label holds what a caller wrote: verdicts, reasons and stages are closed lists,
memos have names of ours, and a world's version is a digest.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from authz.model.reasons import Reason, verdict_of
from authz.telemetry import names
from authz.telemetry.counts import Kept, Now, Spent, Totals
from authz.telemetry.names import Metric

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MICROSECONDS = 1e6


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to show, of all processes together."""

    totals: Totals
    now: Sequence[Now]
    """Of each that runs."""

    ready: int
    restarts: int
    moment: int
    """Seconds since 1970."""


Rows = Iterator[tuple[float, Mapping[str, str]]]
"""Values with their labels."""


class Metrics:
    """Shows what is counted, as often as somebody asks."""

    def __init__(self, look: Callable[[], Seen]) -> None:
        """Ask *look* each time, and nobody before."""
        self._look = look
        self._lock = threading.Lock()
        self._seen: Seen | None = None
        self._registry = CollectorRegistry()
        reader = PrometheusMetricReader(
            disable_target_info=True, scope_info_enabled=False, registry=self._registry
        )
        meter = MeterProvider([reader], shutdown_on_exit=False).get_meter("narrowgate")
        for metric, rows in _COUNTED.items():
            meter.create_observable_counter(
                metric.name, [self._observing(rows)], metric.unit, metric.help
            )
        for metric, rows in _STANDING.items():
            meter.create_observable_gauge(
                metric.name, [self._observing(rows)], metric.unit, metric.help
            )

    def text(self) -> bytes:
        """Give all of it as Prometheus reads it."""
        with self._lock:
            self._seen = self._look()
            return generate_latest(self._registry)

    def _observing(
        self, rows: Callable[[Seen], Rows]
    ) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_options: CallbackOptions) -> Iterable[Observation]:
            seen = self._seen
            return [Observation(value, labels) for value, labels in rows(seen)] if seen else []

        return observe


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


_COUNTED: Mapping[Metric, Callable[[Seen], Rows]] = {
    names.CHECKS: _checks,
    names.STAGE_SECONDS: _stage_seconds,
    names.STAGE_RUNS: _stage_runs,
    names.MEMO_HITS: _memo_hits,
    names.MEMO_MISSES: _memo_misses,
    names.RESTARTS: _restarts,
}
_STANDING: Mapping[Metric, Callable[[Seen], Rows]] = {
    names.MEMO_SIZE: _memo_size,
    names.RECORDS_WAITING: _waiting,
    names.IN_HAND: _in_hand,
    names.WORLD_AGE: _world_age,
    names.WORLD: _worlds,
    names.READY: _ready,
}
