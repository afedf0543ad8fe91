"""The HTTP address for metrics: an address of its own, for those who watch the gate."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from authz.server.http_server import HttpServer
from authz.settings import HttpAddress
from authz.telemetry.counts import Seen
from authz.telemetry.metrics import MEDIA_TYPE, Metrics

METRICS_PATH = "/metrics"


class MetricsFace(HttpServer):
    """Metrics on one address."""

    def __init__(self, address: HttpAddress, look: Callable[[], Seen]) -> None:
        """
        Bind *address*; whoever asks there is shown what *look* gives.

        Raises:
            OSError: it cannot be bound.
        """
        metrics = Metrics(look)

        def show(_request: Request) -> Response:
            return Response(metrics.text(), media_type=MEDIA_TYPE)

        super().__init__("metrics", address, Starlette(routes=[Route(METRICS_PATH, show)]))
