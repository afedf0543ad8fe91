"""Our HTTP addresses: one that is taken is told with the option that moves it."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable

import pytest

from authz.server.http_metrics import MetricsFace
from authz.server.http_public import HttpFace
from authz.server.http_server import HttpServer
from authz.settings import HttpAddress
from authz.telemetry.counts import Seen

FACES: dict[str, Callable[[HttpAddress], HttpServer]] = {
    "--http": lambda address: HttpFace(address, lambda: b"{}", dict),
    "--metrics": lambda address: MetricsFace(address, _nobody_looks),
}


def _nobody_looks() -> Seen:
    raise AssertionError("nobody asked")


@pytest.mark.parametrize(("option", "face"), FACES.items(), ids=FACES)
def test_port_that_is_taken(option: str, face: Callable[[HttpAddress], HttpServer]) -> None:
    """The error names option and address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = re.escape(f"{option} 127.0.0.1:{port}: ")

        with pytest.raises(OSError, match=f"^{said}.*Address already in use"):
            face(HttpAddress("127.0.0.1", port))
