"""`wire.check`: what Envoy is answered, by rules 1 to 5 of its contract."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from google.rpc import code_pb2

import authz.wire.check
from authz._proto.base_pb2 import HeaderValueOption
from authz._proto.external_auth_pb2 import CheckResponse
from authz.model.headers import OURS
from authz.model.outcome import Allowed, Answer, CheckedToken, Facts
from authz.refusals.table import ROWS
from authz.wire.check import unread_call, write_allow, write_refusal
from authz.wire.headers import HEADERS, envoy_allow_expression, identity_headers

TOKEN = "header.payload.signature"
WORKLOAD, AGENT, DECISION = "spiffe://example.org/ns/a/sa/b", "a/b", "0123abcd"
CALL = unread_call("out", decision=DECISION, new_trace="t")
NEVER = {"content-length", "transfer-encoding", "connection", "host"}

STATUSES = {
    200: code_pb2.PERMISSION_DENIED,
    400: code_pb2.PERMISSION_DENIED,
    401: code_pb2.UNAUTHENTICATED,
    403: code_pb2.PERMISSION_DENIED,
    404: code_pb2.PERMISSION_DENIED,
    413: code_pb2.PERMISSION_DENIED,
    429: code_pb2.RESOURCE_EXHAUSTED,
    500: code_pb2.PERMISSION_DENIED,
    503: code_pb2.UNAVAILABLE,
}


def allow(user: str | None) -> CheckResponse:
    """Write an allow for *user*."""
    headers = identity_headers(WORKLOAD, AGENT, user)
    allowed = Allowed(Facts(CALL), 12, headers)
    return CheckResponse.FromString(write_allow(allowed, CheckedToken(TOKEN)))


def refuse(status: int) -> CheckResponse:
    """Write a refusal with *status*."""
    headers = (("content-type", "application/json"), ("x-narrowgate-decision", DECISION))
    answer = Answer(status, headers, b'{"a": "\\u00e9"}')
    return CheckResponse.FromString(write_refusal(answer))


def named(options: Iterable[HeaderValueOption]) -> dict[str, str]:
    """Give the headers of *options*; none stands twice."""
    rows = [(option.header.key, option.header.value) for option in options]
    assert len({name for name, _ in rows}) == len(rows)
    return dict(rows)


def options_of(response: CheckResponse) -> list[HeaderValueOption]:
    """Give all header options of *response*."""
    return [*response.ok_response.headers, *response.denied_response.headers]


ANSWERS = [allow("corp/alice"), allow(None), *map(refuse, STATUSES)]


def test_allow() -> None:
    """An allow carries the token and who was proven, and an explicit OK."""
    response = allow("corp/alice")

    assert response.HasField("status")
    assert response.status.code == code_pb2.OK
    assert response.WhichOneof("http_response") == "ok_response"
    assert named(response.ok_response.headers) == {
        "authorization": f"Bearer {TOKEN}",
        "x-workload-spiffe-id": WORKLOAD,
        "x-narrowgate-agent": AGENT,
        "x-narrowgate-user": "corp/alice",
        "x-narrowgate-decision": DECISION,
    }


@pytest.mark.parametrize("user", ["corp/alice", None])
def test_nothing_inbound_leaks(user: str | None) -> None:
    """Every header of the table is overwritten or removed, and none of them both."""
    response = allow(user)
    written = set(named(response.ok_response.headers))
    removed = set(response.ok_response.headers_to_remove)

    assert written & removed == set()
    assert written | removed >= set(HEADERS)
    assert removed >= set(HEADERS) - set(OURS)
    assert removed >= {name.replace("-", "_") for name in HEADERS if "-" in name}
    assert ("x-narrowgate-user" in removed) == (user is None)


def test_envoy_accepts_every_change() -> None:
    """Whatever an allow sets or removes is in the expression that Envoy is given."""
    expression = re.compile(envoy_allow_expression())
    for response in (allow("corp/alice"), allow(None)):
        ok = response.ok_response
        for name in (*named(ok.headers), *ok.headers_to_remove):
            assert expression.fullmatch(name), name


@pytest.mark.parametrize("status", STATUSES)
def test_refusal_is_never_an_allow(status: int) -> None:
    """Every status has an explicit code that is not OK, an in-band refusal with 200 as well."""
    response = refuse(status)

    assert response.HasField("status")
    assert response.status.code == STATUSES[status]
    assert response.status.code != code_pb2.OK
    assert response.WhichOneof("http_response") == "denied_response"
    assert response.denied_response.status.code == status


def test_code_of_an_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that took a refusal for an allow would be a fault."""
    monkeypatch.setitem(authz.wire.check._GRPC_CODES, 403, code_pb2.OK)

    with pytest.raises(ValueError, match="would be an allow"):
        refuse(403)


def test_every_status_of_the_table_is_tried() -> None:
    """No reason has a status that these tests do not know."""
    assert {row.status for row in ROWS.values()} <= STATUSES.keys()


def test_refusal_keeps_headers_and_body() -> None:
    """What was rendered is what the caller gets."""
    response = refuse(403)

    assert named(response.denied_response.headers) == {
        "content-type": "application/json",
        "x-narrowgate-decision": DECISION,
    }
    assert response.denied_response.body == '{"a": "\\u00e9"}'


@pytest.mark.parametrize("response", ANSWERS, ids=lambda answer: str(answer.status.code))
def test_headers_mean_the_same_on_every_version(response: CheckResponse) -> None:
    """Only `value` with `OVERWRITE_IF_EXISTS_OR_ADD` is used; `append` and `raw_value` are not."""
    for option in options_of(response):
        assert option.append_action == HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
        assert not option.HasField("append")
        assert option.header.value
        assert option.header.raw_value == b""


@pytest.mark.parametrize("response", ANSWERS, ids=lambda answer: str(answer.status.code))
def test_headers_frame_nothing(response: CheckResponse) -> None:
    """No header that frames a message is set or removed, and no value ends a line."""
    names = {option.header.key for option in options_of(response)}
    names |= set(response.ok_response.headers_to_remove)

    assert names.isdisjoint(NEVER)
    for name in names:
        assert re.fullmatch(r"[a-z0-9_-]+", name), name
    for option in options_of(response):
        assert re.fullmatch(r"[\x20-\x7e]+", option.header.value), option.header.key


HOSTILE = ("corp/al\r\nx-admin: 1", "corp/alice\0", "corp/ алиса", "corp/a%0d%0ab", "corp/\x7f")


@pytest.mark.parametrize("user", HOSTILE, ids=repr)
def test_user_cannot_split_a_header(user: str) -> None:
    """A user's name outside visible ASCII is percent-encoded, the percent sign too."""
    value = named(allow(user).ok_response.headers)["x-narrowgate-user"]

    assert re.fullmatch(r"([!-$&-~]|%[0-9A-F]{2})+", value)
