"""Strategies for Checks: a good one of the worked world, with anything at all in its parts."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from authz._proto.external_auth_pb2 import CheckRequest
from tests.support.cases import Case, all_cases
from tests.support.direct import check_of

NAMED = {case.name: case for case in all_cases()}
GOOD: tuple[Case, ...] = tuple(
    NAMED[name]
    for name in (
        "search-allowed",
        "two-hops",
        "session-without-user",
        "annotate",
        "capability-allowed",
        "public",
    )
)
NOW = GOOD[0].now

TOKENS = tuple(dict(case.headers).get("authorization", "") for case in GOOD)
PRINCIPALS = tuple(case.principal for case in GOOD)
METHODS = ("POST", "GET", "DELETE", "PUT", "HEAD", "OPTIONS", "")
RPC_METHODS = ("tools/call", "tools/list", "initialize", "ping", "subscriptions/listen", "a/b")
TARGETS = (
    "tools/docs",
    "tools/search-api",
    "reports/archive",
    "reports/reporting-agent",
    "finance/ledger",
    "x",
)
HEADERS = (
    "authorization",
    "content-encoding",
    "content-length",
    "transfer-encoding",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "traceparent",
    "x-envoy-auth-partial-body",
    "x-request-source",
)

short = st.text(max_size=12)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), short
)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(short, inner, max_size=3)),
    max_leaves=6,
)
arguments = st.dictionaries(
    st.one_of(st.sampled_from(("query", "limit", "page", "note", "meta")), short),
    documents,
    max_size=3,
)
tool_calls = st.fixed_dictionaries(
    {"name": st.one_of(st.sampled_from(("search", "annotate", "purge")), short)},
    optional={"arguments": st.one_of(arguments, documents), "_meta": documents},
)
messages = st.fixed_dictionaries(
    {"jsonrpc": st.sampled_from(("2.0", "1.0")), "method": st.sampled_from(RPC_METHODS)},
    optional={"id": scalars, "params": st.one_of(tool_calls, documents), "result": documents},
)


def _spliced(parts: tuple[bytes, int, int, bytes]) -> bytes:
    whole, start, length, piece = parts
    return whole[:start] + piece + whole[start + length :]


spliced = st.tuples(
    st.sampled_from([case.body for case in GOOD]),
    st.integers(0, 200),
    st.integers(0, 20),
    st.one_of(st.binary(max_size=6), st.sampled_from((b'"', b"}", b"{", b",", b"\\ud800"))),
).map(_spliced)

bodies = st.one_of(
    st.binary(max_size=60),
    documents.map(lambda value: json.dumps(value).encode()),
    messages.map(lambda value: json.dumps(value).encode()),
    spliced,
)
credentials = st.one_of(
    short,
    short.map("Bearer {}".format),
    st.sampled_from(TOKENS),
    st.tuples(st.sampled_from(TOKENS), st.integers(0, 300), short).map(
        lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] + 1 :]
    ),
)
principals = st.one_of(
    short, st.sampled_from(PRINCIPALS), short.map("spiffe://example.org/{}".format)
)
hosts = st.one_of(short, short.map("docs.tools.svc.cluster.local{}".format))
PATHS = ("/", "/mcp", "//mcp", "/search", "/items/7", "/healthz", "/items/../search")
paths = st.one_of(
    short, short.map("/mcp{}".format), short.map("/items/{}".format), st.sampled_from(PATHS)
)
headers = st.dictionaries(st.one_of(st.sampled_from(HEADERS), short), short, max_size=3)

parts: dict[str, st.SearchStrategy[Any]] = {
    "body": bodies,
    "credential": credentials,
    "principal": principals,
    "host": hosts,
    "path": paths,
    "method": st.one_of(st.sampled_from(METHODS), short),
    "target": st.one_of(st.sampled_from(TARGETS), short),
    "headers": headers,
    "size": st.integers(-1, 300),
    "address": short,
}


@st.composite
def checks(draw: st.DrawFn) -> CheckRequest:
    """Draw a Check that differs from a good one in up to three parts."""
    request = check_of(draw(st.sampled_from(GOOD)))
    names = draw(st.lists(st.sampled_from(sorted(parts)), max_size=3, unique=True))
    for name in names:
        _put(request, name, draw(parts[name]))
    return request


def _put(request: CheckRequest, name: str, value: Any) -> None:
    attributes = request.attributes
    http = attributes.request.http
    match name:
        case "body":
            http.raw_body, http.size = value, len(value)
        case "credential":
            http.headers["authorization"] = value
        case "principal":
            attributes.source.principal = value
        case "target":
            attributes.context_extensions["target"] = value
        case "headers":
            http.headers.update(value)
        case "address":
            attributes.source.address.socket_address.address = value
        case _:
            setattr(http, name, value)
