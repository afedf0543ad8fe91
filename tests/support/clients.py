"""Clients that send exactly the bytes they are told: HTTP/1.1 by hand, HTTP/2 by `h2`."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events

TIMEOUT_SECONDS = 10
Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Response:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Door:
    """Where Envoy listens, and who knocks."""

    port: int
    roots: Path
    identity: tuple[Path, Path] | None
    """Client certificate and key, or none."""

    def open(self, protocol: str) -> ssl.SSLSocket:
        """Open a TLS connection that speaks *protocol* (ALPN)."""
        context = ssl.create_default_context(cafile=str(self.roots))
        context.set_alpn_protocols([protocol])
        if self.identity is not None:
            context.load_cert_chain(*map(str, self.identity))
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_SECONDS)
        return context.wrap_socket(plain, server_hostname="127.0.0.1")


def send_http1(door: Door, method: str, path: str, headers: Headers, body: bytes) -> Response:
    """Send one request with these very header lines; `content-length` is added for a body."""
    length = [("content-length", str(len(body)))] if body else []
    lines = [f"{method} {path} HTTP/1.1", *(f"{n}: {v}" for n, v in [*headers, *length])]
    return send_bytes(door, "\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def send_bytes(door: Door, request: bytes) -> Response:
    """Send these very bytes on a connection of their own, and read one response."""
    with door.open("http/1.1") as connection:
        connection.sendall(request)
        method = request.partition(b" ")[0].decode("latin-1")
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        return Response(response.status, _lower(response.getheaders()), response.read())


def send_http2(door: Door, method: str, path: str, headers: Headers, body: bytes) -> Response:
    """Send one request on HTTP/2; `host` becomes `:authority`, nothing else is tidied up."""
    given = dict(headers)
    pseudo = [(":method", method), (":path", path), (":scheme", "https")]
    authority = [(":authority", given.pop("host"))]
    with door.open("h2") as connection:
        state = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        state.initiate_connection()
        state.send_headers(1, [*pseudo, *authority, *given.items()], end_stream=not body)
        _send_body(state, connection, body)
        return _receive(state, connection)


def _send_body(state: h2.connection.H2Connection, connection: ssl.SSLSocket, body: bytes) -> None:
    while body:
        while not (window := state.local_flow_control_window(1)):
            connection.sendall(state.data_to_send())
            state.receive_data(connection.recv(65536))
        piece = body[: min(window, state.max_outbound_frame_size)]
        body = body[len(piece) :]
        state.send_data(1, piece, end_stream=not body)
    connection.sendall(state.data_to_send())


def _receive(state: h2.connection.H2Connection, connection: ssl.SSLSocket) -> Response:
    headers: dict[str, str] = {}
    body = b""
    while True:
        data = connection.recv(65536)
        if not data:
            raise ConnectionError("the connection ended before the response did")
        for event in state.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                headers = _lower(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                body += event.data
                state.acknowledge_received_data(event.flow_controlled_length, 1)
            elif isinstance(event, h2.events.StreamReset):
                raise ConnectionError("the stream was reset")
            elif isinstance(event, h2.events.StreamEnded):
                return Response(int(headers.pop(":status")), headers, body)
        connection.sendall(state.data_to_send())


def _lower(headers: Iterable[Any]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}
