"""The socket that tells how a gate stands to whoever may connect: the user that it runs as.

Nothing is read from it, so there is nothing to send that could do harm: who
connects is given one JSON document, and the connection ends. It is a file, with
a mode, because an agent may share the loopback of the gate, but never its user.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from structlog.typing import FilteringBoundLogger

from authz.server.listeners import CannotListen, take_over
from authz.telemetry.logs import whereabouts

SECONDS = 2.0
"""For which one who connects may take what there is to read."""

PAUSE = 1.0
"""Seconds until it is tried again where nobody can be let in: no descriptor is left, say."""

MAX_BYTES = 4 * 1024 * 1024
ONLY_US = 0o600


class StatusSocket:
    """One socket, served by a thread of its own inside the `with` block."""

    def __init__(
        self, path: Path, status: Callable[[], Mapping[str, object]], log: FilteringBoundLogger
    ) -> None:
        """
        Bind *path*; who connects is told what *status* gives.

        Raises:
            CannotListen: another gate has this socket.
            OSError: it cannot be bound.
        """
        self._path, self._status, self._log = path, status, log
        self._lock = take_over(path)
        try:
            self._socket = _bound(path)
        except OSError:
            self._lock.close()
            raise
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._live, name="status", daemon=True)

    def _live(self) -> None:
        while not self._is_over.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError as error:
                if not self._is_over.is_set():
                    self._log.error("fault", **whereabouts(error))
                self._is_over.wait(PAUSE)
                continue
            with connection, contextlib.suppress(OSError):
                connection.settimeout(SECONDS)
                connection.sendall(self._told())

    def _told(self) -> bytes:
        try:
            return json.dumps(self._status()).encode("utf-8")
        except Exception as error:  # noqa: BLE001 - who asks next must still be told
            self._log.error("fault", **whereabouts(error))
            return b""

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(SECONDS)
        self._path.unlink(missing_ok=True)
        self._lock.close()


def open_status_socket(
    path: Path, status: Callable[[], Mapping[str, object]], log: FilteringBoundLogger
) -> contextlib.AbstractContextManager[None]:
    """Give the socket; where there can be none, say so in *log*: a gate serves without it too."""
    try:
        return StatusSocket(path, status, log)
    except (CannotListen, OSError) as error:
        hint = "use --status PATH with a place that can be written"
        log.warning("no_status", socket=str(path), why=str(error), hint=hint)
        return contextlib.nullcontext()


def ask(path: Path) -> Any:
    """
    Ask the gate that serves *path* how it stands.

    Raises:
        OSError: nobody is there, or may be asked by us.
        ValueError: what came is no JSON document.
    """
    with socket.socket(socket.AF_UNIX) as connection, _short(path) as name:
        connection.settimeout(SECONDS)
        connection.connect(name)
        with connection.makefile("rb") as told:
            return json.loads(told.read(MAX_BYTES))


def _bound(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX)
    try:
        with _short(path) as name:
            bound.bind(name)
            # Nobody can connect before `listen`.
            path.chmod(ONLY_US)
        bound.listen()
    except OSError:
        bound.close()
        raise
    return bound


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """Give a name of *path* that is short enough for a socket, however deep its folder lies."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
