"""Metrics and traces as a real OTLP receiver gets them from `authz serve`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1 import (
    metrics_service_pb2,
    metrics_service_pb2_grpc,
)
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.process.test_outage import ask
from tests.support.front import FRONT
from tests.support.ports import reserved_port
from tests.support.served import ANY_PORT, serving
from tests.support.worlds import prepare_home

STOP_SECONDS = 20


class Collector(
    trace_service_pb2_grpc.TraceServiceServicer, metrics_service_pb2_grpc.MetricsServiceServicer
):
    """A receiver that keeps what it gets; both services have one method of the same name."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.metrics: dict[str, Metric] = {}
        self.services: set[str] = set()

    def Export(self, request: object, context: grpc.ServicerContext) -> object:  # noqa: N802 - theirs
        """Take spans or metrics."""
        del context
        if isinstance(request, trace_service_pb2.ExportTraceServiceRequest):
            for resource in request.resource_spans:
                self._note(resource.resource.attributes)
                for scope in resource.scope_spans:
                    self.spans.extend(scope.spans)
            return trace_service_pb2.ExportTraceServiceResponse()
        assert isinstance(request, metrics_service_pb2.ExportMetricsServiceRequest)
        for resource_metrics in request.resource_metrics:
            self._note(resource_metrics.resource.attributes)
            for scope_metrics in resource_metrics.scope_metrics:
                self.metrics |= {each.name: each for each in scope_metrics.metrics}
        return metrics_service_pb2.ExportMetricsServiceResponse()

    def _note(self, attributes: object) -> None:
        rows = {row.key: row.value.string_value for row in attributes}  # type: ignore[attr-defined]
        self.services.add(rows["service.name"])


@contextmanager
def _collecting() -> Iterator[tuple[Collector, str]]:
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(4))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield collector, f"http://127.0.0.1:{port}"
    finally:
        server.stop(0).wait()


@pytest.mark.parametrize(
    "workers",
    [1, pytest.param(2, marks=pytest.mark.skipif(FRONT != "grpcio", reason="it has one"))],
)
def test_both_are_sent(workers: int, tmp_path: Path) -> None:
    """Each Check is one span of the process that answered it; the metrics are those of all."""
    home = prepare_home(tmp_path)
    with _collecting() as (collector, endpoint):
        options = (*ANY_PORT, "--otlp", endpoint, "--workers", str(workers))
        with serving(home, tmp_path / "gate.log", options) as served:
            for number in range(workers):
                name = f"out.{number}.sock" if number else "out.sock"
                with grpc.insecure_channel(f"unix:{home / 'run' / name}") as channel:
                    ask(channel, "no-principal")
            served.process.send_signal(signal.SIGTERM)
            assert served.process.wait(STOP_SECONDS) == 0
    decisions = {
        row.value.string_value
        for span in collector.spans
        for row in span.attributes
        if row.key == "narrowgate.decision"
    }
    assert decisions == {row["decision"] for row in served.records}
    assert len(collector.spans) == workers
    assert collector.services == {"narrowgate"}
    checks = collector.metrics["narrowgate.checks"].sum.data_points
    assert sum(int(point.as_double or point.as_int) for point in checks) == workers
    (took,) = collector.metrics["narrowgate.check.duration"].histogram.data_points
    assert (took.count, sum(took.bucket_counts)) == (workers, workers)
    assert took.sum > 0


def test_nobody_takes_them(tmp_path: Path) -> None:
    """A receiver that is not there delays neither answers nor the stop, and the log names it."""
    home = prepare_home(tmp_path)
    with reserved_port() as port:
        options = (*ANY_PORT, "--otlp", f"http://127.0.0.1:{port}")
        with serving(home, tmp_path / "gate.log", options) as served:
            with grpc.insecure_channel(f"unix:{served.socket}") as channel:
                assert ask(channel, "no-principal").denied_response.status.code == 401
            served.process.send_signal(signal.SIGTERM)
            assert served.process.wait(STOP_SECONDS) == 0
    told = [each["what"] for each in served.events if each["event"] == "otlp"]
    assert any(f"Failed to export traces to 127.0.0.1:{port}" in each for each in told)
