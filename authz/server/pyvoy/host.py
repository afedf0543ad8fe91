"""This program inside Envoy: what it knows from outside, and the files by which it tells Envoy.

pyvoy imports this module for each listener and asks it for an application by
name; so there is one host a process, made by `arrive`.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from authz.server.listeners import CannotListen
from authz.server.pyvoy.bootstrap import LISTENERS, Place, Resource, resources
from authz.server.pyvoy.launch import BEFORE, FOLDER, GIVEN, OURS, PYTHON, native_module

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

OPEN_SECONDS = 10.0
"""For which Envoy may take to open a listener that it was told of."""

PAUSE = 0.01

_apps: dict[str, App] = {}


def __getattr__(name: str) -> App:
    """Give pyvoy the application *name*."""
    try:
        return _apps[name]
    except KeyError:
        raise AttributeError(name) from None


class Host:
    """The Envoy around us: takes listeners and secrets while it runs."""

    def __init__(self, place: Place, given: str) -> None:
        self.place = place
        self.given = given
        self._lock = threading.Lock()
        self._version = 0
        self._listeners: dict[str, Resource] = {}

    @classmethod
    def arrive(cls) -> Host:
        """Take over what the program outside said, and give the environment back as it was."""
        folder, given = Path(os.environ.pop(FOLDER)), os.environ.pop(GIVEN)
        # Children are run by the interpreter, not by Envoy.
        sys.executable = os.environ.pop(PYTHON)
        for name in OURS:
            os.environ.pop(name, None)
            before = os.environ.pop(BEFORE + name, None)
            if before is not None:
                os.environ[name] = before
        with suppress(ValueError):
            sys.path.remove(".")
        return cls(Place(folder, native_module()), given)

    def app(self, name: str, answering: App) -> str:
        """Let *answering* be found by pyvoy; give what a listener has to name."""
        _apps[name] = answering
        return f"{__name__}:{name}"

    def open(self, name: str, resource: Resource, is_open: Callable[[object], bool]) -> None:
        """
        Let Envoy listen, and wait until it does.

        Raises:
            CannotListen: it does not.
        """
        self._publish({**self._listeners, name: resource})
        deadline = time.monotonic() + OPEN_SECONDS
        while time.monotonic() < deadline:
            if any(map(is_open, _listening())):
                return
            time.sleep(PAUSE)
        raise CannotListen(f"listener {name}: Envoy does not open it; its log says why")

    def close(self, name: str) -> None:
        """Let Envoy take no other connection by the listener *name*, and bid its callers leave."""
        self._publish({key: each for key, each in self._listeners.items() if key != name})

    def leave(self) -> None:
        """Remove what was told; Envoy has to end now."""
        shutil.rmtree(self.place.folder, ignore_errors=True)

    def write(self, name: str, *told: Resource) -> None:
        """Write a file that Envoy follows, whole or not at all."""
        with self._lock:
            self._version += 1
            text = json.dumps(resources(told, self._version))
            beside = self.place.folder / f".{name}"
            beside.write_text(text)
            beside.replace(self.place.folder / name)

    def _publish(self, listeners: dict[str, Resource]) -> None:
        self._listeners = listeners
        self.write(LISTENERS, *listeners.values())


def _listening() -> Iterator[object]:
    """Give the addresses at which this very process listens."""
    for each in Path("/proc/self/fd").iterdir():
        # What is no socket, or is closed meanwhile, is none of them.
        with suppress(OSError), _socket_at(int(each.name)) as found:
            if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                yield found.getsockname()


def _socket_at(descriptor: int) -> socket.socket:
    again = os.dup(descriptor)
    try:
        return socket.socket(fileno=again)
    except OSError:
        os.close(again)
        raise
