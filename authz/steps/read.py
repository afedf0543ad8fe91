"""Step 1: read the attributes, the target and the body, each in one way only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain
from typing import assert_never

from authz.directory.compiled import Target, TargetKind
from authz.model.call import Call
from authz.model.operation import Message
from authz.model.outcome import Facts, Passed, Refused
from authz.model.reasons import Reason
from authz.protocols.a2a import read_agent_call
from authz.protocols.http import read_request as read_http
from authz.protocols.http import read_unrouted
from authz.protocols.mcp import read_message as read_mcp
from authz.protocols.unreadable import Unreadable
from authz.steps.given import Given, Route
from authz.wire.headers import has_odd_spelling

PARTIAL_BODY = "x-envoy-auth-partial-body"

MAX_HEADERS = 94
"""Values of headers. Envoy takes 100 together with the six at most that an allow adds."""

MAX_HEADER_BYTES = 52 * 1024
"""Envoy takes 60 KiB together with the minted token and who is proven."""

_PORT = re.compile(r"[0-9]{1,5}")


def read_request(given: Given, facts: Facts) -> Passed[Message] | Refused:
    """Read the request; the kind of its target says how."""
    call, target = given.call, facts.of(Route).target
    refused = _check_attributes(call)
    if refused is None and target is not None:
        refused = _check_address(call, target)
    if refused is not None:
        return refused
    message = _read_message(call, target)
    return Passed(message) if isinstance(message, Message) else message


def _check_attributes(call: Call) -> Refused | None:
    if not call.method or not call.path or not call.host:
        return Refused(Reason.UNREADABLE_REQUEST, "method, path or host is missing")
    if _leaves_no_room(call.headers):
        # Envoy would answer 500 to the caller after an allow that is on record.
        return Refused(Reason.UNREADABLE_REQUEST, "the headers leave no room for ours")
    if call.headers.get(PARTIAL_BODY) == "true" or call.size > len(call.body):
        # On HTTP/2 Envoy can send a body cut off and let the whole of it go on.
        return Refused(Reason.BODY_TRUNCATED, "the body is cut off")
    if "," in call.headers.get("authorization", ""):
        return Refused(Reason.AMBIGUOUS_REQUEST, "there is more than one authorization")
    if has_odd_spelling(call.headers):
        return Refused(Reason.AMBIGUOUS_REQUEST, "a header is spelt almost as one of ours")
    if "content-encoding" in call.headers:
        return Refused(Reason.AMBIGUOUS_REQUEST, "an encoded body is not what would be judged")
    return None


def _leaves_no_room(headers: Mapping[str, str]) -> bool:
    """Say whether there are so many headers; Envoy joins several of one name with commas."""
    # A comma is in no name of a header (RFC 9110 section 5.6.2).
    text = "".join(chain(headers, headers.values()))
    size = len(text) if text.isascii() else len(text.encode("utf-8"))
    return len(headers) + text.count(",") > MAX_HEADERS or size > MAX_HEADER_BYTES


def _check_address(call: Call, target: Target) -> Refused | None:
    """Check that the caller means what Envoy routes to: `Host`, and the path of a server."""
    if not names_host(call.host, target):
        return Refused(Reason.AMBIGUOUS_REQUEST, "the Host is none of the target's")
    if target.kind is not TargetKind.MCP_SERVER:
        return None
    path, mark, _ = call.path.partition("?")
    if mark:
        return Refused(Reason.AMBIGUOUS_REQUEST, "the path has a query string")
    if path != target.path:
        return Refused(Reason.AMBIGUOUS_REQUEST, "the path is not the target's")
    return None


def names_host(host: str, target: Target) -> bool:
    """Say whether a `Host`, with or without a port, is one of the target's."""
    return host in target.hosts or not target.hosts.isdisjoint(spellings_of(host))


def spellings_of(host: str) -> tuple[str, ...]:
    """Give what a `Host` may be declared as: as it stands, and without port and final dot."""
    if not host.isascii():
        return ()
    host = host.lower()
    name, _, port = host.rpartition(":")
    bare = name if _PORT.fullmatch(port) else host
    return host, bare.removesuffix(".")


def _read_message(call: Call, target: Target | None) -> Message | Refused:
    if target is None:
        return read_unrouted(call.method, call.body)
    try:
        match target.kind:
            case TargetKind.HTTP_SERVICE:
                return read_http(call)
            case TargetKind.AGENT:
                return read_agent_call(call, target.path)
            case TargetKind.MCP_SERVER:
                return _read_mcp(call)
            case other:
                assert_never(other)
    except Unreadable as error:
        return error.refused


def _read_mcp(call: Call) -> Message | Refused:
    if call.method == "POST" and not call.body:
        return Refused(
            Reason.BODY_MISSING,
            "there is no body to judge; Envoy sends one only with with_request_body",
        )
    if call.is_lossy:
        # Envoy writes "!" for every byte that is no UTF-8, and sends the byte upstream.
        return Refused(Reason.AMBIGUOUS_REQUEST, "the body came as text; set pack_as_bytes: true")
    return read_mcp(call.method, call.headers, call.body, call.size)
