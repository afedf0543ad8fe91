"""An HTTP address of ours that anybody may reach: bounded, on a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

import h11
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from authz.settings import HttpAddress

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


class HttpServer:
    """One address, served by a thread of its own inside the `with` block."""

    def __init__(self, option: str, address: HttpAddress, application: Starlette) -> None:
        """
        Bind *address*.

        Args:
            option: That says where, such as `http` of `--http`.
            address: Where to listen.
            application: What answers there.

        Raises:
            OSError: it cannot be bound; the message names the option.
        """
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        try:
            self._socket = socket.create_server((address.host, address.port), family=family)
        except OSError as error:
            raise OSError(f"--{option} {address.host}:{address.port}: {error}") from None
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            application,
            http=BoundedConnection,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name=option, daemon=True)

    def _run(self) -> None:
        with contextlib.suppress(SystemExit):
            self._server.run(sockets=[self._socket])

    def __enter__(self) -> Self:
        """Serve."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=STOP_SECONDS)
        self._socket.close()
