"""Requests that no tidy client sends, on raw sockets through a real Envoy.

Each row says what becomes of it: refused by the gate for a reason, refused by
Envoy before the gate is asked, or let through as the one request that it is.
Whatever is refused, the upstream sees nothing of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.support.cases import Case, case_named
from tests.support.clients import Response, send_bytes
from tests.support.edge import Edge, headers_of

BY_ENVOY = "refused by Envoy"
HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Raw:
    """One request as bytes, made from the allowed search by editing it."""

    name: str
    outcome: str
    """The record's reason, or `BY_ENVOY`."""

    start: str = "POST /mcp HTTP/1.1"
    without: tuple[str, ...] = ()
    """Header names to leave out."""

    more: tuple[str, ...] = ()
    """Header lines to add, at the end."""

    body: bytes | None = None
    """Instead of the call's."""


CHUNKED = "transfer-encoding: chunked"

ROWS = (
    Raw("as it is", "allow"),
    Raw("content type in capitals", "allow", without=("content-type",), more=("Content-Type: Application/JSON",)),
    Raw("content type of text", "ambiguous_request", without=("content-type",), more=("content-type: text/plain",)),
    Raw("no content type", "ambiguous_request", without=("content-type",)),
    Raw("content type with its charset", "allow", without=("content-type",), more=('content-type: application/json; charset="UTF-8"',)),
    Raw("content type of another charset", "ambiguous_request", without=("content-type",), more=("content-type: application/json; charset=utf-7",)),
    Raw("two charsets", "ambiguous_request", without=("content-type",), more=("content-type: application/json; charset=utf-8; charset=utf-7",)),
    Raw("two content types", "ambiguous_request", more=("content-type: application/json; charset=utf-7",)),
    Raw("content type of a form", "ambiguous_request", without=("content-type",), more=("content-type: application/x-www-form-urlencoded",)),
    Raw("content type with a suffix", "ambiguous_request", without=("content-type",), more=("content-type: application/x+json",)),
    Raw("header names in capitals", "allow", without=("accept",), more=("ACCEPT: */*",)),
    Raw("doubled slash", "allow", start="POST //mcp HTTP/1.1"),
    Raw("dot segments", "allow", start="POST /x/../mcp HTTP/1.1"),
    Raw("escaped letter", "allow", start="POST /%6dcp HTTP/1.1"),
    Raw("escaped slash", BY_ENVOY, start="POST /x%2f..%2fmcp HTTP/1.1"),
    Raw("fragment", BY_ENVOY, start="POST /mcp#x HTTP/1.1"),
    Raw("null byte in the path", BY_ENVOY, start="POST /mcp%00 HTTP/1.1"),
    Raw("trailing slash", "ambiguous_request", start="POST /mcp/ HTTP/1.1"),
    Raw("semicolon", "ambiguous_request", start="POST /mcp;x=1 HTTP/1.1"),
    Raw("path in capitals", "ambiguous_request", start="POST /MCP HTTP/1.1"),
    Raw("empty query", "ambiguous_request", start="POST /mcp? HTTP/1.1"),
    Raw("absolute form of another host", "ambiguous_request", start="POST http://docs.reports.svc.cluster.local/mcp HTTP/1.1"),
    Raw("absolute form of this host", "allow", start="POST http://docs.tools.svc.cluster.local/mcp HTTP/1.1", without=("host",), more=("host: docs.reports.svc.cluster.local",)),
    Raw("two hosts", "ambiguous_request", more=("host: docs.reports.svc.cluster.local",)),
    Raw("host in capitals", "allow", without=("host",), more=("host: DOCS.tools.svc.cluster.local",)),
    Raw("host with a port", "allow", without=("host",), more=("host: docs.tools.svc.cluster.local:8443",)),
    Raw("host with a final dot", "allow", without=("host",), more=("host: docs.tools.svc.cluster.local.",)),
    Raw("no host", BY_ENVOY, without=("host",)),
    Raw("method in small letters", BY_ENVOY, start="post /mcp HTTP/1.1"),
    Raw("method of its own", "method_unknown", start="PURGE /mcp HTTP/1.1"),
    Raw("PUT", "method_unknown", start="PUT /mcp HTTP/1.1"),
    Raw("method override", "allow", more=("x-http-method-override: DELETE",)),
    Raw("two credentials", "ambiguous_request", more=("Authorization: Bearer other",)),
    Raw("two credentials in one line", "ambiguous_request", without=("authorization",), more=("authorization: Bearer a, Bearer b",)),
    Raw("credential in small letters", "credential_invalid", without=("authorization",), more=("authorization: bearer a.b.c",)),
    Raw("credential of another scheme", "credential_invalid", without=("authorization",), more=("authorization: Basic YTpi",)),
    Raw("credential of nothing", "credential_invalid", without=("authorization",), more=("authorization: ",)),
    Raw("underscore spelling of a header of ours", "allow", more=("x_narrowgate_user: corp/root",)),
    Raw("length and chunks", BY_ENVOY, more=(CHUNKED,)),
    Raw("two lengths", BY_ENVOY, more=("content-length: 1",)),
    Raw("folded header line", "allow", more=("x-a: b\r\n c: d",)),
    Raw("partial-body flag of the caller", "allow", more=("x-envoy-auth-partial-body: true",)),
    Raw("retries asked for", "allow", more=("x-envoy-retry-on: 5xx", "x-envoy-max-retries: 4")),
    Raw("compressed body", "ambiguous_request", more=("content-encoding: gzip",)),
    Raw("GET with a body", "ambiguous_request", start="GET /mcp HTTP/1.1"),
    Raw("GET that announces a body of nothing", "allow", start="GET /mcp HTTP/1.1", body=b"", more=("content-length: 0",)),
    Raw("POST without a body", "body_missing", body=b""),
    Raw("byte order mark", "unreadable_request", body=b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"ping"}'),
    Raw("UTF-16", "unreadable_request", body='{"jsonrpc":"2.0","id":1,"method":"ping"}'.encode("utf-16-le")),
    Raw("two values", "unreadable_request", body=b'{"jsonrpc":"2.0","id":1,"method":"ping"}{}'),
    Raw("method in capitals", "method_unknown", body=b'{"jsonrpc":"2.0","id":1,"method":"Tools/Call","params":{"name":"search"}}'),
    Raw("name in an escape", "operation_undeclared", body=b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"purg\\u0065","arguments":{}}}'),
    Raw("folded name deep inside", "ambiguous_request", body=b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{"query":"a","x":{"k":1,"K":2}}}}'),
    Raw("Kelvin sign beside k", "ambiguous_request", body=b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{"k":1,"K":2}}}'),
    Raw("deep nesting", "unreadable_request", body=b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{"query":' + b"[" * 5000 + b"]" * 5000 + b"}}}"),
    Raw("number beyond every bound", "bad_argument", body=b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{"query":"a","limit":1e999999999}}}'),
    Raw("digits beyond every bound", "unreadable_request", body=b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{"query":"a","limit":' + b"9" * 5000 + b"}}}"),
    Raw("integer that JavaScript reads otherwise", "bad_argument", body=b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{"query":"a","limit":9007199254740993}}}'),
    Raw("mirror of an argument", "bad_argument", more=("mcp-param-query: other",)),
    Raw("mirrored name of no spelling", "ambiguous_request", more=("mcp-name: =?base64?!!?=",)),
    Raw("mirror on a GET", "ambiguous_request", start="GET /mcp HTTP/1.1", body=b"", more=("mcp-name: purge",)),
    Raw("upgrade", BY_ENVOY, start="GET /mcp HTTP/1.1", body=b"", more=("connection: upgrade", "upgrade: websocket")),
    Raw("mixed spelling of a header of ours", "allow", more=("x-narrowgate_user: corp/root",)),
    Raw("mirrored method differs", "ambiguous_request", more=("Mcp-Method: tools/list",)),
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_raw(row: Raw, edge: Edge) -> None:
    """The request meets the end that the table gives it."""
    case = case_named("search-allowed")
    edge.gate.clock.moment = case.now
    before, lines = len(edge.upstream.seen), len(edge.records())

    response = _send(edge, case, row)

    reasons = [record["reason"] for record in edge.records()[lines:]]
    assert reasons == ([] if row.outcome == BY_ENVOY else [row.outcome])
    assert len(edge.upstream.seen) - before == (row.outcome == "allow")
    if row.outcome == BY_ENVOY:
        assert 400 <= response.status < 500
    if row.outcome == "allow":
        seen = edge.upstream.seen[-1]
        assert (seen.method, seen.path) == (row.start.partition(" ")[0], case.path)
        assert seen.body == (case.body if row.body is None else row.body)
        assert seen.by_name["x-narrowgate-user"] == "corp/alice"
        names = {name.lower() for name, _ in seen.headers}
        assert not names & {"x_narrowgate_user", "x-http-method-override", "x-envoy-retry-on"}


def _send(edge: Edge, case: Case, row: Raw) -> Response:
    body = case.body if row.body is None else row.body
    length = [("content-length", str(len(body)))] if body else []
    kept = [
        f"{name}: {value}"
        for name, value in [*headers_of(case), *length]
        if name not in row.without
    ]
    head = _head(row.start, [*kept, *row.more])
    return send_bytes(edge.door(case.principal), head + body)


def _head(start: str, lines: Sequence[str]) -> bytes:
    return "\r\n".join([start, *lines]).encode("latin-1") + HEAD_END
