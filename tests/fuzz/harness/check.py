"""Check messages, as a listed Envoy sends them, to a call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

from google.protobuf.json_format import ParseDict
from google.protobuf.message import DecodeError

from authz._proto.external_auth_pb2 import CheckRequest
from authz.wire.check import read_check, unread_call
from tests.fuzz.parsers import Change
from tests.support.cases import all_cases
from tests.support.direct import check_of

CAPTURES = Path(__file__).parents[2] / "captures"
UNREAD = unread_call("out", decision="d" * 32, new_trace="a" * 32)
WORDS = (b"authorization", b"Authorization", b"target", b"POST", b"/mcp", b"\x0a\x00", b"a!b")


def entry(data: bytes) -> None:
    """Bytes are no Check, or a call in which nothing is ours to believe yet."""
    try:
        request = CheckRequest.FromString(data)
    except DecodeError:
        return
    call = read_check(request, UNREAD, {})
    http = request.attributes.request.http
    assert (call.decision, call.new_trace, call.listener) == ("d" * 32, "a" * 32, "out")
    assert call.target != ""
    assert all(name == name.lower() for name in call.headers)
    assert {name.lower() for name in http.headers} <= call.headers.keys()
    assert call.body == (http.raw_body or http.body.encode())


PARTS = ("bytes", "body", "body", "header", "name", "field", "number", "target", "raw")


def mutated(data: bytes, change: Change, chance: Random) -> bytes:
    """Change one part of a Check, so that most of what comes out is one; now and then the bytes."""
    request = CheckRequest()
    try:
        request.ParseFromString(data)
    except DecodeError:
        return change(data)
    attributes = request.attributes
    http = attributes.request.http
    part = chance.choice(PARTS)
    match part:
        case "body":
            http.raw_body = change(http.raw_body)
            http.size = len(http.raw_body)
        case "header" | "name" if http.headers:
            name = chance.choice(sorted(http.headers))
            value = http.headers[name]
            if part == "name":
                del http.headers[name]
                name = _text(change(name.encode()))
            else:
                value = _text(change(value.encode()))
            http.headers[name] = value
        case "field":
            source = attributes.source
            holder, field = chance.choice(
                (
                    *((http, name) for name in ("method", "path", "host", "body")),
                    *((source, name) for name in ("principal", "certificate")),
                )
            )
            setattr(holder, field, _text(change(getattr(holder, field).encode())))
        case "number":
            http.size = chance.randrange(-(2**63), 2**63)
            attributes.request.time.seconds = chance.randrange(-(2**63), 2**63)
        case "target":
            target = attributes.context_extensions["target"]
            attributes.context_extensions["target"] = _text(change(target.encode()))
        case "raw":
            row = http.header_map.headers.add()
            row.key = chance.choice(sorted(http.headers) or ["a"])
            row.raw_value = change(http.headers.get(row.key, "").encode())
        case _:
            return change(data)
    return request.SerializeToString()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def seeds() -> Iterator[bytes]:
    """Give the Checks of all cases, and what real Envoys sent."""
    for case in all_cases():
        yield check_of(case).SerializeToString()
    for path in sorted(CAPTURES.glob("*.json")):
        row = json.loads(path.read_text())
        told = {name: value for name, value in row.items() if not name.startswith("_")}
        yield ParseDict(told, CheckRequest(), ignore_unknown_fields=True).SerializeToString()
