"""An HTTP server on loopback that says byte by byte what a test wants, hostile or not."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

MAX_CONNECTIONS = 256


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    line: str
    headers: Mapping[str, str]
    """By lower-case name."""

    body: bytes
    connection: int
    """Counted from 1 in the order of acceptance."""

    @property
    def path(self) -> str:
        """What was asked for."""
        return self.line.split(" ")[1]


Send = Callable[[bytes], None]
Reply = Callable[[Asked, Send], bool]
"""Answers by sending bytes; says whether the connection lives on."""


def answer(body: bytes, status: str = "200 OK", headers: Mapping[str, str] | None = None) -> bytes:
    """Give a whole response."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def always(response: bytes) -> Reply:
    """Give the same bytes to everybody."""

    def reply(_: Asked, send: Send) -> bool:
        send(response)
        return True

    return reply


def by_path(**responses: bytes) -> Reply:
    """Give a response by path, 404 elsewhere; keyed with `_` for every other character."""

    def reply(asked: Asked, send: Send) -> bool:
        key = "".join(each if each.isalnum() else "_" for each in asked.path)
        send(responses.get(key, answer(b"", "404 Not Found")))
        return True

    return reply


def as_json(value: Any, **headers: str) -> bytes:
    """Give *value* as a response; `_` in a header's name stands for a hyphen."""
    named = {name.replace("_", "-"): said for name, said in headers.items()}
    return answer(json.dumps(value).encode(), headers=named)


class HostilePeer:
    """Listens on a free port from the start; answers while its `with` block runs."""

    def __init__(
        self, reply: Reply, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self.reply = reply
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        """A reply that never comes waits for this."""

        self._tls = tls
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.socket(family)
        self._listening.bind((host, 0))
        self._listening.listen(MAX_CONNECTIONS)
        self.port = int(self._listening.getsockname()[1])
        self._host = f"[{host}]" if ":" in host else host
        self._open: list[socket.socket] = []
        self.connections = 0

    def url(self, path: str = "", host: str | None = None, scheme: str = "http") -> str:
        """Give a URL of it."""
        return f"{scheme}://{host or self._host}:{self.port}{path}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        for each in (self._listening, *self._open):
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listening.accept()
                self.connections += 1
                self._open.append(plain)
                serve = threading.Thread(
                    target=self._serve, args=(plain, self.connections), daemon=True
                )
                serve.start()

    def _serve(self, plain: socket.socket, connection: int) -> None:
        with contextlib.suppress(OSError, ValueError):
            link = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
            with link, link.makefile("rb") as incoming:
                while True:
                    asked = _read(incoming, connection)
                    if asked is None:
                        return
                    self.asked.append(asked)
                    if not self.reply(asked, link.sendall):
                        return


def _read(incoming: Any, connection: int) -> Asked | None:
    line = incoming.readline().decode().strip()
    if not line:
        return None
    headers = dict[str, str]()
    while header := incoming.readline().decode().strip():
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    return Asked(line, headers, incoming.read(int(headers.get("content-length", "0"))), connection)
