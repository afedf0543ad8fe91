"""Sending metrics and spans by OTLP over gRPC, as the standard OTEL_* variables say.

What cannot be sent is left out and told in the log; nothing waits for it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from structlog.typing import FilteringBoundLogger

from authz import __version__
from authz.telemetry.counts import Counts
from authz.telemetry.metrics import STOP_SECONDS, Look, PushedMetrics
from authz.telemetry.spans import Spans

LIBRARY = "opentelemetry"

_NOBODY = logging.NullHandler()
"""Takes what the library's threads say after the end: standard error would have it as it is."""
READS_HEADERS = "opentelemetry.util.re"
"""The library's logger that quotes headers which it cannot read, and these hold credentials."""

NO_HEADER = (
    "OTEL_EXPORTER_OTLP_HEADERS, or the variable of metrics or traces alone, has a header that"
    " cannot be read and is left out: write name=value, with commas between, and %20 for a space"
)


class Destination(Protocol):
    """Where to, as the settings say it."""

    @property
    def endpoint(self) -> str | None:
        """None where the standard variables say it."""

    @property
    def seconds(self) -> float:
        """That one sending may take."""


@contextmanager
def sending_spans(
    to: Destination, worker: int, share: float, counts: Counts, log: FilteringBoundLogger
) -> Iterator[Spans]:
    """Give what makes spans, and send them until the block ends; then those that are left."""
    with _told_to(log):
        exporter = OTLPSpanExporter(endpoint=to.endpoint, timeout=to.seconds)
        processor = BatchSpanProcessor(exporter)
        try:
            yield Spans(processor, _resource(worker), counts, share)
        finally:
            # Its own way to stop waits for half a minute where nobody takes them.
            last = threading.Thread(target=processor.shutdown, name="last-spans", daemon=True)
            last.start()
            last.join(STOP_SECONDS)


@contextmanager
def sending_metrics(
    to: Destination, interval: float, look: Look, log: FilteringBoundLogger
) -> Iterator[None]:
    """Send what *look* gives, every *interval* seconds, until the block ends."""
    with _told_to(log):
        exporter = OTLPMetricExporter(endpoint=to.endpoint, timeout=to.seconds)
        with PushedMetrics(look, exporter, _resource(None), interval):
            yield


def _resource(worker: int | None) -> Resource:
    ours: dict[str, str | int] = {"service.name": "narrowgate", "service.version": __version__}
    if worker is not None:
        ours["narrowgate.worker"] = worker
    # What the environment says of the service goes before ours.
    return Resource(ours).merge(OTELResourceDetector().detect())


class _ToLog(logging.Handler):
    """Tells our log what the library says, once while it stays the same."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._last = ""

    def emit(self, record: logging.LogRecord) -> None:
        said = str(record.msg)
        if said != self._last:
            self._last = said
            told = NO_HEADER if record.name == READS_HEADERS else record.getMessage()
            self._log.warning("otlp", what=told)


@contextmanager
def _told_to(log: FilteringBoundLogger) -> Iterator[None]:
    """Let the library tell *log* what it says; who sends metrics and spans is told it once."""
    library, handler = logging.getLogger(LIBRARY), _ToLog(log)
    if any(isinstance(each, _ToLog) for each in library.handlers):
        yield
        return
    library.addHandler(handler)
    library.addHandler(_NOBODY)
    library.propagate = False
    try:
        yield
    finally:
        library.removeHandler(handler)
