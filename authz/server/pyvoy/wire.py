"""What a gRPC call is to an ASGI application: its facts, its messages, and how it is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from authz.server.grpc_face import joined
from authz.server.pyvoy.bootstrap import ARRIVED, PEER
from authz.server.pyvoy.frames import (
    HEAD,
    MAX_MESSAGE_BYTES,
    NoFrame,
    framed,
    length_of,
    seconds_of,
)
from authz.server.pyvoy.host import Receive, Send

NOT_FOUND, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE = 5, 8, 12, 13, 14
"""Codes of gRPC, as numbers."""

_PEER, _ARRIVED, _TIMEOUT = PEER.encode(), ARRIVED.encode(), b"grpc-timeout"
_NO_METADATA = frozenset(
    {_PEER, _ARRIVED, _TIMEOUT, b"te", b"content-type", b"content-length", b"host"}
    | {b"grpc-encoding", b"grpc-accept-encoding", b"grpc-message-type"}
)
_CONTENT_TYPE = (b"content-type", b"application/grpc")
_START = {"type": "http.response.start", "status": 200, "headers": [_CONTENT_TYPE]}
_START_OF_MESSAGES = {**_START, "trailers": True}
_END = {"type": "http.response.trailers", "headers": [(b"grpc-status", b"0")]}


class Gone(Exception):
    """Whoever called has gone."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call says beside its message."""

    metadata: dict[str, str]
    """By name; several values of one name are joined by a bare comma."""

    peer: bytes
    """The URI names of the peer's certificate as Envoy writes them; meaningful with TLS alone."""

    arrived: float
    """Seconds since 1970."""

    timeout: float | None
    """Seconds from then on; None where the caller waits without end."""

    @classmethod
    def read(cls, headers: Iterable[tuple[bytes, bytes]]) -> Asked:
        """Read the *headers* of a call; the last of those that Envoy writes is Envoy's."""
        own: dict[bytes, bytes] = {}
        rows: list[tuple[str, str]] = []
        for name, value in headers:
            if name in _NO_METADATA:
                own[name] = value
            elif not name.endswith(b"-bin"):
                # Nothing is read of binary metadata, as with the other front.
                rows.append((name.decode("latin-1"), _text(value)))
        timeout = own.get(_TIMEOUT, b"").decode("latin-1")
        # Without TLS, Envoy writes nobody.
        peer = own.get(_PEER, b"")
        return cls(joined(rows), peer, float(own[_ARRIVED]), seconds_of(timeout))

    def waited(self, now: float) -> float:
        """Give the seconds for which the call has been here."""
        return max(0.0, now - self.arrived)

    def remaining(self, now: float) -> float | None:
        """Give the seconds that are left to its deadline; None where there is none."""
        return None if self.timeout is None else self.timeout - self.waited(now)


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


async def chunks(receive: Receive) -> AsyncIterator[bytes]:
    """
    Give the body of a call as it comes.

    Raises:
        Gone: it ended before it was whole.
    """
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def whole(receive: Receive) -> bytes:
    """
    Give the body of a call at its end.

    Raises:
        NoFrame: it is longer than a message may be; the rest is not read.
        Gone: see `chunks`.
    """
    parts, size = [], 0
    async for part in chunks(receive):
        parts.append(part)
        size += len(part)
        if size > HEAD + MAX_MESSAGE_BYTES:
            raise NoFrame("the message is too long")
    return b"".join(parts)


async def messages(receive: Receive) -> AsyncIterator[bytes]:
    """
    Give the messages of a call as they come.

    Raises:
        NoFrame: the bytes are none.
        Gone: see `chunks`.
    """
    kept = b""
    async for part in chunks(receive):
        kept += part
        while len(kept) >= HEAD and len(kept) >= HEAD + (length := length_of(kept)):
            yield kept[HEAD : HEAD + length]
            kept = kept[HEAD + length :]


async def reply(send: Send, message: bytes) -> None:
    """Answer a call with its only *message*, and the status OK."""
    await send(_START_OF_MESSAGES)
    await send({"type": "http.response.body", "body": framed(message)})
    await send(_END)


async def begin(send: Send) -> None:
    """Begin an answer of several messages."""
    await send(_START_OF_MESSAGES)


async def tell(send: Send, message: bytes) -> None:
    """Send one of several messages."""
    await send({"type": "http.response.body", "body": framed(message), "more_body": True})


async def end(send: Send) -> None:
    """End an answer of several messages."""
    await send({"type": "http.response.body", "body": b""})
    await send(_END)


async def fail(send: Send, code: int) -> None:
    """Answer a call with nothing but a status that is not OK."""
    await send({**_START, "headers": [_CONTENT_TYPE, (b"grpc-status", b"%d" % code)]})
    await send({"type": "http.response.body", "body": b""})
