"""HTTP/1.1 by hand, as sloppily as a trap wants it."""

from __future__ import annotations

import http.client
import io
from collections.abc import Sequence
from typing import Any

from tests.hostile.traps import CUT, Request
from tests.support.clients import Door, Response, send_bytes

NO_ANSWER = Response(CUT, {}, b"")
FRAMED = frozenset({"content-length", "transfer-encoding"})


def plain(door: Door, requests: Sequence[Request]) -> list[Response]:
    """Send one request; a body has its length unless the request says otherwise."""
    (request,) = requests
    return [_send(door, _written(request))]


def chunked(door: Door, requests: Sequence[Request]) -> list[Response]:
    """Send the body in chunks of seven bytes, with an extension each."""
    (request,) = requests
    return [_send(door, _head(request, "transfer-encoding: chunked") + _chunks(request.body))]


def trailers(door: Door, requests: Sequence[Request]) -> list[Response]:
    """Send identity and credential after the body."""
    (request,) = requests
    late = b"authorization: Bearer late\r\nx-narrowgate-user: corp/root\r\nmcp-name: purge\r\n\r\n"
    body = _chunks(request.body).removesuffix(b"\r\n") + late
    return [_send(door, _head(request, "transfer-encoding: chunked") + body)]


def pipelined(door: Door, requests: Sequence[Request]) -> list[Response]:
    """Send all requests at once, and read until Envoy ends the connection."""
    *first, last = requests
    closing = Request(last.method, last.path, (*last.headers, ("connection", "close")), last.body)
    with door.open("http/1.1") as connection:
        connection.sendall(b"".join(map(_written, (*first, closing))))
        read = _Unclosed(b"".join(iter(lambda: connection.recv(65536), b"")))
    answers = []
    while read.tell() < len(read.getvalue()):
        answers.append(_read(read))
    return answers


class _Unclosed(io.BytesIO):
    """What was read, kept open from one response to the next."""

    def close(self) -> None:
        """Stay open."""

    def makefile(self, _mode: str) -> io.BytesIO:
        """Stand in for a socket."""
        return self


def _read(read: _Unclosed) -> Response:
    whole: Any = read  # all that is asked of a socket is its file
    response = http.client.HTTPResponse(whole)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Response(response.status, headers, response.read())


def _send(door: Door, request: bytes) -> Response:
    try:
        return send_bytes(door, request)
    except (ConnectionError, http.client.BadStatusLine):
        return NO_ANSWER


def _written(request: Request) -> bytes:
    names = {name.lower() for name, _ in request.headers}
    framed = request.body and not names & FRAMED
    length = (f"content-length: {len(request.body)}",) if framed else ()
    return _head(request, *length) + request.body


def _head(request: Request, *framing: str) -> bytes:
    start = f"{request.method} {request.path} HTTP/1.1"
    lines = [start, *(f"{name}: {value}" for name, value in request.headers), *framing]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def _chunks(body: bytes) -> bytes:
    pieces = (body[start : start + 7] for start in range(0, len(body), 7))
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
