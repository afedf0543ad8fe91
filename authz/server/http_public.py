"""The public HTTP face: our keys for whoever verifies our tokens, and probes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import h11
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from authz.settings import HttpAddress
from authz.tokens.schedule import CACHED

JWKS_PATH = "/.well-known/jwks.json"
STOP_SECONDS = 10

MAX_CONNECTIONS = 128
"""Open at once. Anybody may connect here, and descriptors are shared with the gRPC face."""

SILENT_SECONDS = 5.0
"""For which a new connection may say nothing."""


class BoundedConnection(H11Protocol):
    """A connection that is closed when there are too many, or when it is not asking in time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or close it at once."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        else:
            self.loop.call_later(SILENT_SECONDS, self._close_if_silent)

    def _close_if_silent(self) -> None:
        if self.conn.their_state is h11.IDLE:
            self.transport.abort()


class HttpFace:
    """JWKS and probes on one address, in a thread of their own inside the `with` block."""

    def __init__(
        self,
        address: HttpAddress,
        jwks: Callable[[], bytes],
        standing: Callable[[], Mapping[str, object]],
    ) -> None:
        """
        Bind *address*.

        Args:
            address: Where to listen.
            jwks: Gives the key set of this moment.
            standing: Gives what `/readyz` says beside yes or no, as JSON.

        Raises:
            OSError: it cannot be bound.
        """
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self._socket = socket.create_server((address.host, address.port), family=family)
        self.port: int = self._socket.getsockname()[1]
        self._ready = threading.Event()
        self._unable = threading.Event()
        config = uvicorn.Config(
            self._application(jwks, standing),
            http=BoundedConnection,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="http-public", daemon=True)

    def _application(
        self, jwks: Callable[[], bytes], standing: Callable[[], Mapping[str, object]]
    ) -> Starlette:
        def keys(_request: Request) -> Response:
            headers = {"cache-control": f"public, max-age={CACHED}"}
            return Response(jwks(), media_type="application/jwk-set+json", headers=headers)

        def live(_request: Request) -> Response:
            return PlainTextResponse("live\n")

        def ready(_request: Request) -> Response:
            is_ready = self._ready.is_set() and not self._unable.is_set()
            text = json.dumps({"ready": is_ready, **standing()}) + "\n"
            code = 200 if is_ready else 503
            return Response(text, status_code=code, media_type="application/json")

        return Starlette(
            routes=[Route(JWKS_PATH, keys), Route("/livez", live), Route("/readyz", ready)]
        )

    def _run(self) -> None:
        with contextlib.suppress(SystemExit):
            self._server.run(sockets=[self._socket])

    def __enter__(self) -> Self:
        """Serve; `/readyz` says no until `announce_ready`."""
        self._thread.start()
        return self

    def announce_ready(self) -> None:
        """Let `/readyz` say yes."""
        self._ready.set()

    def announce_outage(self) -> None:
        """Let `/readyz` say no while what every answer needs is not there."""
        self._unable.set()

    def announce_recovery(self) -> None:
        """Let `/readyz` say yes again, if it is ready otherwise."""
        self._unable.clear()

    def announce_stop(self) -> None:
        """Let `/readyz` say no, while what is under way goes on."""
        self._ready.clear()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=STOP_SECONDS)
        self._socket.close()
