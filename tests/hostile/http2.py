"""HTTP/2 with nothing tidied up: any pseudo-header, any name, any order of frames."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from hyperframe.frame import ContinuationFrame

from tests.hostile.traps import CUT, Request
from tests.support.clients import Door, Response
from tests.support.values import replace

FLOOD = 2_000
"""Frames of a flood: bounded, and more than Envoy takes."""

RESETS = 300
NO_ANSWER = Response(CUT, {}, b"")


@dataclass
class _Answer:
    status: int = CUT
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_over: bool = False


@dataclass
class _Connection:
    wire: ssl.SSLSocket
    state: h2.connection.H2Connection
    answers: dict[int, _Answer] = field(default_factory=dict)
    is_over: bool = False

    def ask(self, request: Request, *, more_follows: bool = False) -> int:
        """Send the head of *request* and as much of its body as Envoy takes at once."""
        stream = self.state.get_next_available_stream_id()
        self.answers[stream] = _Answer()
        bare = not request.body and not more_follows
        self.state.send_headers(stream, _fields(request), end_stream=bare)
        self.flush()
        body = request.body
        while body and self._takes(stream):
            window = self.state.local_flow_control_window(stream)
            piece = body[: min(window, self.state.max_outbound_frame_size)]
            body = body[len(piece) :]
            self.state.send_data(stream, piece, end_stream=not body and not more_follows)
            self.flush()
        return stream

    def flush(self) -> None:
        """Send what is waiting; a peer that has gone is noticed when it is read."""
        with contextlib.suppress(OSError):
            self.wire.sendall(self.state.data_to_send())

    def answer(self, stream: int) -> Response:
        """Read until the answer on *stream* is whole, or cut."""
        while not self.answers[stream].is_over:
            self._receive()
        got = self.answers[stream]
        return Response(got.status, got.headers, got.body)

    def _takes(self, stream: int) -> bool:
        while not self.answers[stream].is_over and not self.state.local_flow_control_window(stream):
            self._receive()
        return not self.answers[stream].is_over

    def _receive(self) -> None:
        try:
            data = self.wire.recv(65536)
            events = self.state.receive_data(data)
        except (ConnectionError, h2.exceptions.ProtocolError):
            data, events = b"", []
        for event in events:
            self._take(event)
        if not data:
            self.is_over = True
            for each in self.answers.values():
                each.is_over = True
        self.flush()

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.ResponseReceived):
            got = self.answers[event.stream_id]
            pairs = {bytes(name).decode(): bytes(value).decode() for name, value in event.headers}
            got.status, got.headers = int(pairs.pop(":status")), pairs
        elif isinstance(event, h2.events.DataReceived):
            self.answers[event.stream_id].body += event.data
            self.state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
            self.answers[event.stream_id].is_over = True
        elif isinstance(event, h2.events.ConnectionTerminated):
            for each in self.answers.values():
                each.is_over = True


@contextlib.contextmanager
def _connected(door: Door) -> Iterator[_Connection]:
    config = h2.config.H2Configuration(
        header_encoding=None,
        validate_outbound_headers=False,
        normalize_outbound_headers=False,
        validate_inbound_headers=False,
    )
    with door.open("h2") as wire:
        connection = _Connection(wire, h2.connection.H2Connection(config))
        connection.state.initiate_connection()
        connection.flush()
        yield connection


def _fields(request: Request) -> list[tuple[bytes, bytes]]:
    """
    Give the header fields: the first `host` as `:authority`, pseudo-headers first.

    A pseudo-header among the headers replaces the one of its name; `none` takes it away.
    """
    hosts = [(":authority", value) for name, value in request.headers if name == "host"][:1]
    given = list(request.headers)
    if hosts:
        given.remove(("host", hosts[0][1]))
    asked = [(":method", request.method), (":path", request.path), (":scheme", "https"), *hosts]
    own = [pair for pair in given if pair[0].startswith(":")]
    replaced = {name for name, _ in own}
    pseudo = [*(pair for pair in asked if pair[0] not in replaced), *own]
    rest = [pair for pair in given if not pair[0].startswith(":")]
    fields = [*((n, v) for n, v in pseudo if v != "none"), *rest]
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]


def plain(door: Door, requests: Sequence[Request]) -> list[Response]:
    """Send one request."""
    (request,) = requests
    with _connected(door) as connection:
        return [connection.answer(connection.ask(request))]


def pipelined(door: Door, requests: Sequence[Request]) -> list[Response]:
    """Send all requests on one connection before any answer is read."""
    with _connected(door) as connection:
        streams = [connection.ask(request) for request in requests]
        return [connection.answer(stream) for stream in streams]


def crumbs(door: Door, requests: Sequence[Request]) -> list[Response]:
    """Send the body a byte a frame."""
    (request,) = requests
    with _connected(door) as connection:
        stream = connection.ask(replace(request, body=b""), more_follows=True)
        for start in range(len(request.body)):
            end = start + 1 == len(request.body)
            connection.state.send_data(stream, request.body[start : start + 1], end_stream=end)
        connection.flush()
        return [connection.answer(stream)]


def trailers(door: Door, requests: Sequence[Request]) -> list[Response]:
    """Send identity and credential after the body."""
    (request,) = requests
    late = [
        (b"authorization", b"Bearer late"),
        (b"x-narrowgate-user", b"corp/root"),
        (b"mcp-name", b"purge"),
    ]
    with _connected(door) as connection:
        stream = connection.ask(request, more_follows=True)
        connection.state.send_headers(stream, late, end_stream=True)
        connection.flush()
        return [connection.answer(stream)]


def continued(door: Door, requests: Sequence[Request]) -> list[Response]:
    """Begin a head that never ends, then ask on another connection."""
    first, then = requests
    with _connected(door) as connection:
        state = connection.state
        stream = state.get_next_available_stream_id()
        state.send_headers(stream, _fields(first))
        head = bytearray(state.data_to_send())
        head[4] &= ~0x04  # END_HEADERS: more of the head follows
        more = ContinuationFrame(stream, b"").serialize()
        connection.answers[stream] = _Answer()
        with contextlib.suppress(OSError):
            connection.wire.sendall(bytes(head) + more * FLOOD)
        cut = connection.answer(stream)
    return [cut, *plain(door, [then])]


def reset(door: Door, requests: Sequence[Request]) -> list[Response]:
    """Begin many requests and take each back at once, then ask on another connection."""
    first, then = requests
    with _connected(door) as connection:
        state = connection.state
        for _ in range(RESETS):
            stream = state.get_next_available_stream_id()
            state.send_headers(stream, _fields(first))
            state.reset_stream(stream)
            connection.flush()
    return [NO_ANSWER, *plain(door, [then])]
