"""The targets: each tells, in its answer, who it is and which headers reached it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    target = ""
    reached: list[str]

    def do_POST(self) -> None:
        """Tell what came."""
        self.rfile.read(int(self.headers["content-length"]))
        self.reached.append(self.headers["x-case"])
        said = {"target": self.target, "headers": {k.lower(): v for k, v in self.headers.items()}}
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def targets(addresses: Mapping[str, tuple[str, int]]) -> Iterator[list[str]]:
    """Serve each target at its address; give the list that every request's `x-case` is added to."""
    reached: list[str] = []
    with ExitStack() as parts:
        for target, address in addresses.items():
            handler = type("Handler", (_Handler,), {"target": target, "reached": reached})
            server = parts.enter_context(ThreadingHTTPServer(address, handler))
            Thread(target=server.serve_forever, daemon=True).start()
            parts.callback(server.shutdown)
        yield reached
