"""A Check as a value, and an outcome as the answer to it.

The rules of Envoy 1.40 that this module keeps, each measured on a real one:
an answer with nothing set is an allow, so the status of a refusal is set last
and asserted; only `value` with `OVERWRITE_IF_EXISTS_OR_ADD` means the same on
every version; a header both set and removed is lost; `body` is lossy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from google.rpc import code_pb2

from authz._proto import base_pb2, external_auth_pb2
from authz.model.call import Arrival, Call
from authz.model.clearance import Clearance
from authz.model.headers import AUTHORIZATION, DECISION
from authz.model.instant import Instant
from authz.model.memo import Memo
from authz.model.outcome import Allowed, Answer, CheckedToken, Facts, Forwarded, Named
from authz.wire.headers import mixed_spellings, removals

TARGET_KEY = "target"
TRACEPARENT = "traceparent"
MAX_BLANKS = 64
"""Answers that are kept without any value. Callers choose spellings, so they are bounded."""

_NO_VALUE = ""
"""Of a header that is filled in for each call."""

_Headers = tuple[tuple[str, str], ...]
_BLANKS: Memo[tuple[tuple[str, ...], frozenset[str]], bytes] = Memo("answers", MAX_BLANKS)

MAX_METADATA = 64
"""Names of gRPC metadata. Envoy adds a handful of its own."""

_GRPC_CODES = {
    401: code_pb2.UNAUTHENTICATED,
    429: code_pb2.RESOURCE_EXHAUSTED,
    503: code_pb2.UNAVAILABLE,
}
"""`CheckResponse.status.code` by HTTP status; 7 for every other refusal."""


def unread_call(listener: str, *, decision: str, new_trace: str) -> Call:
    """Give a call of which nothing is known but what is ours: how it came, and its ids."""
    return Call(
        decision=decision,
        new_trace=new_trace,
        listener=listener,
        principal="",
        peer_address="",
        target=None,
        method="",
        path="",
        host="",
        headers={},
        body=b"",
        is_lossy=False,
        size=0,
        stream="",
        time=None,
    )


def read_check(
    request: external_auth_pb2.CheckRequest, arrived: Arrival | Call, metadata: Mapping[str, str]
) -> Call:
    """
    Give what *arrived* says. Nothing is judged here, and nothing is left to guess.

    Headers that Envoy sends raw (`header_map`) are joined as it joins the
    others: several values of one name with a bare comma. *metadata* of the gRPC
    call comes joined like that; more than `MAX_METADATA` of it says nothing.
    """
    attributes = request.attributes
    source, http = attributes.source, attributes.request.http
    sent = attributes.request.time
    body, text = http.raw_body, http.body
    return Call(
        decision=arrived.decision,
        new_trace=arrived.new_trace,
        listener=arrived.listener,
        principal=source.principal,
        certificate=source.certificate,
        peer_address=source.address.socket_address.address,
        target=attributes.context_extensions.get(TARGET_KEY) or None,
        method=http.method,
        path=http.path,
        host=http.host,
        headers=_headers(http),
        body=body or text.encode("utf-8"),
        is_lossy=not body and "!" in text,
        size=http.size,
        stream=http.id,
        time=Instant(sent.seconds) if attributes.request.HasField("time") else None,
        metadata=metadata if len(metadata) <= MAX_METADATA else {},
        check_traceparent=metadata.get(TRACEPARENT),
    )


def _headers(http: external_auth_pb2.AttributeContext.HttpRequest) -> dict[str, str]:
    sent, rows = http.headers, http.header_map.headers
    # Its `items` is written in Python, and takes three times as long.
    mapped = {name: sent[name] for name in sent}
    names = "".join(mapped)
    if not rows and names == names.lower():
        return mapped
    raw = ((row.key, row.value or row.raw_value.decode("latin-1")) for row in rows)
    headers: dict[str, str] = {}
    for spelt, value in chain(mapped.items(), raw):
        name = spelt.lower()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def write_allow(allowed: Allowed, token: CheckedToken) -> external_auth_pb2.CheckResponse:
    """Write an allow: the proven identities and the token in, everything else of the table out."""
    headers = (DECISION, _NO_VALUE), (AUTHORIZATION, _NO_VALUE), *allowed.headers
    response = _passage(headers, allowed.facts)
    decision, bearer = response.ok_response.headers[:2]
    decision.header.value = allowed.facts.of(Call).decision
    bearer.header.value = f"Bearer {token}"
    return response


def write_named(named: Named) -> external_auth_pb2.CheckResponse:
    """Write an allow without a token: the proven identities in, all else of the table out."""
    response = _passage(((DECISION, _NO_VALUE), *named.headers), named.facts)
    response.ok_response.headers[0].header.value = named.facts.of(Call).decision
    return response


def write_forwarded(forwarded: Forwarded) -> external_auth_pb2.CheckResponse:
    """Write that a public operation goes on: everything of the table out, and nothing in."""
    return _passage((), forwarded.facts)


def _passage(headers: _Headers, facts: Facts) -> external_auth_pb2.CheckResponse:
    """Give the answer that sets *headers*, which belong to the clearance where there is one."""
    spellings = mixed_spellings(facts.of(Call).headers)
    clearance = facts.find(Clearance)
    if clearance is None or spellings:
        written = _written(headers, spellings)
    else:
        written = clearance.derive(_settled, headers)
    return external_auth_pb2.CheckResponse.FromString(written)


def _settled(_known: Facts, headers: _Headers) -> bytes:
    return _written(headers, frozenset())


def _written(headers: _Headers, spellings: frozenset[str]) -> bytes:
    names = tuple([name for name, _ in headers])
    key = names, spellings
    blank = _BLANKS.find(key) or _BLANKS.keep(key, _blank(*key))
    response = external_auth_pb2.CheckResponse.FromString(blank)
    for option, (_, value) in zip(response.ok_response.headers, headers, strict=True):
        option.header.value = value
    return response.SerializeToString()


def _blank(names: tuple[str, ...], spellings: frozenset[str]) -> bytes:
    """Give the answer that sets *names*, still without values."""
    response = external_auth_pb2.CheckResponse()
    response.ok_response.headers.extend(_options((name, _NO_VALUE) for name in names))
    response.ok_response.headers_to_remove.extend(removals(frozenset(names), spellings))
    response.status.code = code_pb2.OK
    return response.SerializeToString()


def write_refusal(answer: Answer) -> external_auth_pb2.CheckResponse:
    """Write a refusal: an explicit denying response, never an aborted call."""
    response = external_auth_pb2.CheckResponse()
    denied = response.denied_response
    denied.status.code = answer.status
    denied.headers.extend(_options(answer.headers))
    denied.body = answer.body.decode("utf-8")
    response.status.code = _GRPC_CODES.get(answer.status, code_pb2.PERMISSION_DENIED)
    if response.status.code == code_pb2.OK:
        raise ValueError("a refusal with code 0 would be an allow")
    return response


def _options(headers: Iterable[tuple[str, str]]) -> Iterable[base_pb2.HeaderValueOption]:
    for name, value in headers:
        option = base_pb2.HeaderValueOption()
        option.header.key, option.header.value = name, value
        option.append_action = base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
        yield option
