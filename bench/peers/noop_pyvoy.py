"""A Check server for pyvoy that does no work: unary gRPC with trailers, as an ASGI application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bench.peers.noop import answer

Message = dict[str, Any]
PREFIX = 5
"""Bytes of a gRPC frame before its message: a flag, and the length in 32 bits."""


async def app(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answer one call, or take part in the start and end of the server."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    frame = await _body(receive)
    message = answer(frame[PREFIX:]).SerializeToString()
    head: Message = {"type": "http.response.start", "status": 200, "trailers": True}
    await send({**head, "headers": [(b"content-type", b"application/grpc")]})
    framed = b"\0" + len(message).to_bytes(4, "big") + message
    await send({"type": "http.response.body", "body": framed, "more_body": False})
    await send({"type": "http.response.trailers", "headers": [(b"grpc-status", b"0")]})


async def _body(receive: Callable[[], Awaitable[Message]]) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _live(
    receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    ended = False
    while not ended:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        ended = kind == "lifespan.shutdown"
