"""A Check as a value, and an outcome as the answer to it.

The rules of Envoy 1.40 that this module keeps, each measured on a real one:
an answer with nothing set is an allow, so the status of a refusal is set last
and asserted; only `value` with `OVERWRITE_IF_EXISTS_OR_ADD` means the same on
every version; a header both set and removed is lost; `body` is lossy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, partial
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

_NO_SPELLINGS: frozenset[str] = frozenset()

_Names = tuple[str, ...]
_Headers = tuple[tuple[str, str], ...]
_BLANKS: Memo[tuple[_Names, _Names, frozenset[str]], bytes] = Memo("answers", MAX_BLANKS)

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


def write_allow(allowed: Allowed, token: CheckedToken) -> bytes:
    """Write an allow: the proven identities and the token in, everything else of the table out."""
    own = (DECISION, allowed.facts.of(Call).decision), (AUTHORIZATION, f"Bearer {token}")
    return _passage(own, allowed.headers, allowed.facts)


def write_named(named: Named) -> bytes:
    """Write an allow without a token: the proven identities in, all else of the table out."""
    own = ((DECISION, named.facts.of(Call).decision),)
    return _passage(own, named.headers, named.facts)


def write_forwarded(forwarded: Forwarded) -> bytes:
    """Write that a public operation goes on: everything of the table out, and nothing in."""
    return _passage((), (), forwarded.facts)


def _passage(own: _Headers, identities: _Headers, facts: Facts) -> bytes:
    """
    Give the answer that sets these headers; the *identities* are those of the clearance.

    It is two messages, which is one: who reads them one after the other merges them
    (Protocol Buffers, "Last One Wins"). So what calls of one clearance share is written once.
    """
    names, clearance = tuple([name for name, _ in own]), facts.find(Clearance)
    spellings = mixed_spellings(facts.of(Call).headers)
    if clearance is None or spellings:
        rest = _rest(names, identities, spellings)
    else:
        rest = clearance.derive(_SETTLED[names], identities)
    return _filled(_setting(names), own) + rest


def _settled(own: _Names, _known: Facts, identities: _Headers) -> bytes:
    """Write what calls of one clearance share; no spelling that only one of them sent is in it."""
    return _rest(own, identities, _NO_SPELLINGS)


_OWN: tuple[_Names, ...] = (), (DECISION,), (DECISION, AUTHORIZATION)
_SETTLED = {own: partial(_settled, own) for own in _OWN}
"""By the names that a call sets itself: what they share depends on these."""


def _rest(own: _Names, identities: _Headers, spellings: frozenset[str]) -> bytes:
    """Write all but the headers *own*: the other ones, and what is removed."""
    key = own, tuple([name for name, _ in identities]), spellings
    blank = _BLANKS.find(key) or _BLANKS.keep(key, _blank(*key))
    return _filled(blank, identities)


def _blank(own: _Names, names: _Names, spellings: frozenset[str]) -> bytes:
    response = external_auth_pb2.CheckResponse.FromString(_setting(names))
    response.ok_response.headers_to_remove.extend(removals(frozenset((*own, *names)), spellings))
    response.status.code = code_pb2.OK
    return response.SerializeToString()


@cache
def _setting(names: _Names) -> bytes:
    """Give the message that sets *names*, some of the few that are ours, still without values."""
    response = external_auth_pb2.CheckResponse()
    response.ok_response.headers.extend(_options((name, _NO_VALUE) for name in names))
    return response.SerializeToString()


def _filled(blank: bytes, headers: _Headers) -> bytes:
    """Give *blank* with the values of *headers*, which are all that it sets."""
    response = external_auth_pb2.CheckResponse.FromString(blank)
    for option, (_, value) in zip(response.ok_response.headers, headers, strict=True):
        option.header.value = value
    return response.SerializeToString()


def write_refusal(answer: Answer) -> bytes:
    """Write a refusal: an explicit denying response, never an aborted call."""
    response = external_auth_pb2.CheckResponse()
    denied = response.denied_response
    denied.status.code = answer.status
    denied.headers.extend(_options(answer.headers))
    denied.body = answer.body.decode("utf-8")
    response.status.code = _GRPC_CODES.get(answer.status, code_pb2.PERMISSION_DENIED)
    if response.status.code == code_pb2.OK:
        raise ValueError("a refusal with code 0 would be an allow")
    return response.SerializeToString()


def _options(headers: Iterable[tuple[str, str]]) -> Iterable[base_pb2.HeaderValueOption]:
    for name, value in headers:
        option = base_pb2.HeaderValueOption()
        option.header.key, option.header.value = name, value
        option.append_action = base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
        yield option
