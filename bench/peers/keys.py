"""Serves the issuer's key set on loopback, for all who fetch it, as ours does too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.peers.places import LOOPBACK


@contextmanager
def serving_keys(key_set: bytes) -> Iterator[str]:
    """Serve *key_set* until the block ends, and give its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(key_set)))
            self.send_header("cache-control", "public, max-age=3600")
            self.end_headers()
            self.wfile.write(key_set)

        def log_message(self, *_: object) -> None:
            """Say nothing: the terminal is for the benchmark."""

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}/jwks.json"
        finally:
            server.shutdown()
