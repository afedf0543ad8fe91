"""Serving an ASGI application, on a free loopback port for the parts of the demo."""

from __future__ import annotations

import json
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp


@dataclass(frozen=True)
class Tls:
    """Files of a server that only clients with a certificate of *roots* can reach."""

    certificate: Path
    key: Path
    roots: Path


def serve(
    application: ASGIApp, tls: Tls | None = None, address: tuple[str, int] = ("127.0.0.1", 0)
) -> None:
    """Serve until SIGTERM; the port is told in a JSON line, once connections are taken."""
    listening = socket.create_server(address)
    config = uvicorn.Config(
        application,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=2,
        ssl_certfile=str(tls.certificate) if tls else None,
        ssl_keyfile=str(tls.key) if tls else None,
        ssl_ca_certs=str(tls.roots) if tls else None,
        ssl_cert_reqs=ssl.CERT_REQUIRED if tls else ssl.CERT_NONE,
    )
    print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
    uvicorn.Server(config).run(sockets=[listening])
