"""`protocols.http`: a method and a plain path; everything that has a second meaning is refused."""

from __future__ import annotations

import pytest

from authz.model.operation import HttpCall, Message, Protocol, Unknown
from authz.model.reasons import Reason
from authz.protocols.http import MAX_PATH, read_request, read_unrouted
from authz.protocols.unreadable import Unreadable
from authz.wire.check import unread_call
from tests.support.values import replace

CALL = replace(
    unread_call("out", decision="d", new_trace="t"), method="GET", path="/items/7", host="h"
)

PLAIN = [
    "/" + "a" * (MAX_PATH - 1),
    "/",
    "/search",
    "/search/",
    "/a/b-c_d.e~f",
    "/.well-known/x",
    "/...",
    "/a/..b",
    "/a/..%20b",
    "/v1/models/x:y@z",
    "/a!$&'()*+,=b",
    "/a%20b",
    "/alice%40example.com",
    "/a%3Ab%2Cc",
    "/caf%C3%A9",
    "/a%E2%88%95b",
    "/a%E2%80%A4b",
    "/%F0%9F%91%A9%E2%80%8D%F0%9F%94%AC",
    "/%F0%9F%90%99",
]
HIDING = [
    "/" + "a" * MAX_PATH,
    "/100%25",
    "/a%25z1",
    "/a/../search",
    "/a/./search",
    "/..",
    "/.",
    "/a/..",
    "//search",
    "/a//b",
    "/search//",
    "/a\\b",
    "/a;x=1",
    "/..;/search",
    "/a%2Fb",
    "/a%2fb",
    "/a%5Cb",
    "/a%3Bx",
    "/a%3Fb",
    "/a%23b",
    "/a%00b",
    "/a%0d%0ab",
    "/a%7Fb",
    "/%2e%2e/search",
    "/a/%2E/b",
    "/.%2e/search",
    "/%73earch",
    "/sea%72ch",
    "/a%2Db",
    "/a%7Eb",
    "/%252e%252e/search",
    "/a%252Fb",
    "/a%2525",
    "/a%",
    "/a%2",
    "/a%zz",
    "/a%u0041",
    "/%C0%AE%C0%AE/search",
    "/a%EF%BC%8Fb",
    "/a%EF%BC%BCb",
    "/a%EF%BC%9Bb",
    "/a%CD%BEb",
    "/a%EF%BC%9Fb",
    "/a%EF%BC%83b",
    "/a%EF%BC%852fb",
    "/a%E2%84%80",
    "/%EF%BC%8E%EF%BC%8E/search",
    "/.%EF%BC%8E/search",
    "/%E2%80%A5/search",
    "/a/%EF%BC%8E",
    "/a/..%20/search",
    "/a/%20../search",
    "/a/%20.",
    "/a/..%C2%A0/search",
    "/a/%E3%80%80%EF%BC%8E.",
    "/a%C2%85b",
    "/a%E2%80%A8b",
    "/%FF",
    "/%ED%A0%80",
    "/é",
    "/a b",
    "/a\tb",
    "/a#b",
    '/a"b',
    "/a<b",
    "/a{b}",
    "/a|b",
    "/a^b",
    "/a\0b",
    "/a\n",
    "search",
    "",
    "*",
    "http://search.tools.svc/search",
]


@pytest.mark.parametrize("path", PLAIN)
@pytest.mark.parametrize("query", ["", "?", "?a=1&b=/../x;y#z", "?q=%2e%2e"])
def test_plain_paths(path: str, query: str) -> None:
    """A path that can mean one thing is kept as it came; the query is nobody's business."""
    assert read_request(replace(CALL, path=path + query)) == Message(
        Protocol.HTTP, HttpCall("GET", path), None
    )


@pytest.mark.parametrize("path", HIDING)
def test_paths_with_a_second_meaning(path: str) -> None:
    """An upstream that decodes, folds or cuts would take the path for another one."""
    with pytest.raises(Unreadable) as caught:
        read_request(replace(CALL, path=path))

    assert caught.value.refused.reason is Reason.AMBIGUOUS_REQUEST


BODIES = [
    {"body": b"x", "size": 1},
    {"size": 1},
    {"headers": {"content-length": "3"}},
    {"headers": {"content-length": "00"}},
    {"headers": {"content-length": "0,0"}},
    {"headers": {"transfer-encoding": "chunked"}},
]


@pytest.mark.parametrize("body", BODIES, ids=str)
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_body_where_none_belongs(method: str, body: dict[str, object]) -> None:
    """Readers differ over the body of a request that should have none."""
    with pytest.raises(Unreadable) as caught:
        read_request(replace(CALL, method=method, **body))

    assert caught.value.refused.reason is Reason.AMBIGUOUS_REQUEST


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "QUERY", "get"])
def test_body_is_not_looked_at(method: str) -> None:
    """What is decided is method and path, so any bytes may follow them."""
    call = replace(CALL, method=method, body=b"\xff{", size=2, headers={"content-length": "2"})

    assert read_request(call).operation == HttpCall(method, "/items/7")


def test_upgrade() -> None:
    """What follows an upgrade is not what was judged."""
    with pytest.raises(Unreadable):
        read_request(replace(CALL, headers={"upgrade": "websocket"}))


@pytest.mark.parametrize(
    ("body", "request_id"),
    [
        (b"", None),
        (b"\xff\0", None),
        (b'{"jsonrpc":"2.0","id":"x","method":"tools/call"}', "x"),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}', None),
    ],
)
def test_no_operation_is_found(body: bytes, request_id: str | None) -> None:
    """For a target that nobody declares no operation is looked for; only an id is kept."""
    message = read_unrouted("POST", body)

    assert message == Message(Protocol.HTTP, Unknown("POST"), request_id)
