"""`wire.check.read_check`: a Check as a value, nothing believed and nothing lost."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from authz._proto.external_auth_pb2 import AttributeContext, CheckRequest
from authz.identity.certificate import Leaf, read_certificate
from authz.identity.metadata import names_itself, read_metadata
from authz.identity.workload import Rejected
from authz.identity.xfcc import HEADER, parse_xfcc, read_xfcc
from authz.model.call import Call
from authz.model.instant import Instant
from authz.model.spiffe import SpiffeId
from authz.server.grpc_face import joined
from authz.wire.check import MAX_METADATA, read_check, unread_call

CAPTURES = Path(__file__).parents[2] / "captures"


def read(request: CheckRequest, metadata: Mapping[str, str] | None = None) -> Call:
    """Read *request* as the server does."""
    unread = unread_call("out", decision="d", new_trace="t")
    return read_check(request, unread, metadata or {})


def request_of(**http: Any) -> CheckRequest:
    """Make a Check with these members of `http`."""
    request = CheckRequest()
    ParseDict(http, request.attributes.request.http)
    return request


def test_empty_check() -> None:
    """A Check with nothing in it is a call with nothing in it: no target, nobody, no time."""
    assert read(CheckRequest()) == Call(
        decision="d",
        new_trace="t",
        listener="out",
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
        certificate="",
        metadata={},
        check_traceparent=None,
    )


def test_ids_are_ours() -> None:
    """Listener and ids are the server's; the trace of the Check itself comes from its metadata."""
    call = read(request_of(headers={"decision": "x"}), {"traceparent": "00-a"})

    assert (call.listener, call.decision, call.new_trace) == ("out", "d", "t")
    assert call.check_traceparent == "00-a"


def test_unread() -> None:
    """Of a call that was not read nothing is said, its bytes included."""
    call = unread_call("out", decision="d", new_trace="t")

    assert (call.principal, call.target, call.body, call.is_lossy) == ("", None, b"", False)


@pytest.mark.parametrize(
    ("http", "is_lossy"),
    [
        ({"body": "a"}, False),
        ({"body": "a!"}, True),
        ({"body": "a!", "raw_body": base64.b64encode(b"b").decode()}, False),
    ],
)
def test_lossy(http: dict[str, Any], is_lossy: object) -> None:
    """A text may have lost bytes where it has the mark for one; exact bytes have lost none."""
    assert read(request_of(**http)).is_lossy is is_lossy


@pytest.mark.parametrize(
    ("http", "body"),
    [
        ({"raw_body": base64.b64encode(b"\xff\0").decode()}, b"\xff\0"),
        ({"body": "käse"}, "käse".encode()),
        ({"body": "a", "raw_body": base64.b64encode(b"b").decode()}, b"b"),
        ({}, b""),
    ],
)
def test_body(http: dict[str, Any], body: bytes) -> None:
    """The body is read from either field; the one that is exact comes first."""
    assert read(request_of(**http)).body == body


HEADERS: tuple[tuple[dict[str, Any], dict[str, str]], ...] = (
    ({"headers": {"a": "1"}}, {"a": "1"}),
    ({"headers": {"Authorization": "Bearer x"}}, {"authorization": "Bearer x"}),
    ({"header_map": {"headers": [{"key": "a", "value": "1"}]}}, {"a": "1"}),
    ({"header_map": {"headers": [{"key": "A", "raw_value": "MQ=="}]}}, {"a": "1"}),
    ({"header_map": {"headers": [{"key": "a", "raw_value": "6Q=="}]}}, {"a": "é"}),
    ({"header_map": {"headers": [{"key": "a"}]}}, {"a": ""}),
    (
        {"header_map": {"headers": [{"key": "a", "value": "1"}, {"key": "A", "value": "2"}]}},
        {"a": "1,2"},
    ),
    (
        {"headers": {"a": "1"}, "header_map": {"headers": [{"key": "a", "value": "2"}]}},
        {"a": "1,2"},
    ),
)


@pytest.mark.parametrize(("http", "headers"), HEADERS, ids=str)
def test_headers(http: dict[str, Any], headers: dict[str, str]) -> None:
    """Headers come joined or raw; what was sent twice is seen twice, names in lower case."""
    assert read(request_of(**http)).headers == headers


@pytest.mark.parametrize("name", ["Target", "TARGET", "targets", ""])
def test_target_is_named_exactly(name: str) -> None:
    """Only `context_extensions.target` names the target."""
    request = CheckRequest()
    request.attributes.context_extensions[name] = "tools/docs"

    assert read(request).target is None


def test_target() -> None:
    """The target is what Envoy's route says; an empty one is none."""
    request = CheckRequest()
    request.attributes.context_extensions["target"] = "tools/docs"
    empty = CheckRequest()
    empty.attributes.context_extensions["target"] = ""

    assert read(request).target == "tools/docs"
    assert read(empty).target is None


def test_labels_and_service_are_not_read() -> None:
    """What a request header can put into `source` is no identity."""
    request = CheckRequest()
    request.attributes.source.service = "spiffe://example.org/ns/a/sa/b"
    request.attributes.source.labels["principal"] = "spiffe://example.org/ns/a/sa/b"
    request.attributes.destination.principal = "spiffe://example.org/ns/a/sa/b"

    assert read(request).principal == ""


CAPTURED: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "sidecar-mtls-body-8080",
        {
            "principal": "spiffe://cluster.local/ns/agents/sa/planner",
            "peer_address": "127.0.0.1",
            "method": "POST",
            "path": "/mcp",
            "host": "127.0.0.2:8080",
            "body": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}',
            "size": 68,
            "stream": "18345957036700601057",
            "time": Instant(1795417270),
        },
    ),
    (
        "wp-xfcc-8080",
        {
            "principal": "",
            "peer_address": "198.18.77.3",
            "method": "GET",
            "path": "/mcp",
            "host": "127.0.0.1:17001",
            "body": b"",
            "size": 0,
            "stream": "9581937326363419937",
            "time": Instant(1795417430),
        },
    ),
    (
        "wp-mcp-8080",
        {
            "principal": "",
            "peer_address": "198.18.77.3",
            "method": "POST",
            "path": "/mcp",
            "host": "127.0.0.1:17001",
            "body": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
            b'{"name":"create_issue","arguments":{"repo":"a/b"}}}',
            "size": 106,
            "stream": "9778686958126978318",
            "time": Instant(1795416486),
        },
    ),
)


@pytest.mark.parametrize(("name", "expected"), CAPTURED, ids=[name for name, _ in CAPTURED])
def test_captured(name: str, expected: dict[str, Any]) -> None:
    """What a real Envoy sent is read by the names that it gave, every header with it."""
    recorded = json.loads((CAPTURES / f"{name}.json").read_text())
    attributes = recorded["attributes"]
    request = CheckRequest()
    ParseDict(attributes, request.attributes, ignore_unknown_fields=True)

    call = read(request)

    assert {member: getattr(call, member) for member in expected} == expected
    assert call.headers == attributes["request"]["http"]["headers"]
    assert call.target is None


WHO = "spiffe://cluster.local/ns/agents/sa/planner"
MESH = {"cluster.local"}


def captured(name: str) -> Call:
    """Read a recorded Check, with the metadata that came beside it."""
    recorded = json.loads((CAPTURES / f"{name}.json").read_text())
    request = CheckRequest()
    ParseDict(recorded["attributes"], request.attributes, ignore_unknown_fields=True)
    return read(request, joined([(key, value) for key, value in recorded["_grpc_metadata"]]))


def test_captured_by_a_waypoint() -> None:
    """A real waypoint's header names the caller; it is believed for that waypoint alone."""
    header = captured("wp-xfcc-8080").headers[HEADER]

    by = SpiffeId.parse("spiffe://cluster.local/ns/tools/sa/waypoint")
    assert read_xfcc(header, by, MESH) == SpiffeId.parse(WHO)
    assert isinstance(read_xfcc(header, SpiffeId.parse(WHO), MESH), Rejected)


@pytest.mark.parametrize("name", ["sidecar-mtls-body-8080", "gw-mtls-8443"])
def test_captured_by_others(name: str) -> None:
    """What a sidecar or a gateway wrote reads like it, with a whole certificate in it or not."""
    header = captured(name).headers[HEADER]
    (element,) = parse_xfcc(header)

    assert read_xfcc(header, SpiffeId.parse(element["by"]), MESH) == SpiffeId.parse(WHO)


def test_captured_certificate() -> None:
    """The certificate that a real gateway was shown is read, while it is valid."""
    call = captured("gw-mtls-8443")
    (element,) = parse_xfcc(call.headers[HEADER])
    assert call.time is not None

    found = read_certificate(element["cert"], MESH, call.time)

    assert isinstance(found, Leaf)
    assert str(found.workload) == WHO
    digest = base64.urlsafe_b64decode(f"{found.thumbprint}=").hex()
    assert digest == element["hash"]


def test_captured_metadata() -> None:
    """Metadata names the caller; the header of that name that a client sent is another thing."""
    call = captured("wp-initial-metadata-8080")

    assert call.headers["x-peer-principal"] == "spiffe://cluster.local/ns/evil/sa/x"
    assert read_metadata(call.metadata, "x-peer-principal", MESH) == SpiffeId.parse(WHO)
    by = SpiffeId.parse("spiffe://cluster.local/ns/tools/sa/waypoint")
    assert names_itself(call.metadata, "x-local-principal", by)


def test_metadata() -> None:
    """Several values of one key are seen as several, bytes as none, and too much as nothing."""
    assert joined([("a", "1"), ("b", b"x"), ("a", "2")]) == {"a": "1,2"}
    assert read(CheckRequest(), {"a": "1,2"}).metadata == {"a": "1,2"}
    assert read(CheckRequest(), {str(n): "" for n in range(MAX_METADATA + 1)}).metadata == {}
    assert len(read(CheckRequest(), {str(n): "" for n in range(MAX_METADATA)}).metadata) > 1


def test_certificate() -> None:
    """The certificate is taken as Envoy sends it."""
    request = CheckRequest()
    request.attributes.source.certificate = "-----BEGIN%20"

    assert read(request).certificate == "-----BEGIN%20"


def test_captures_know_no_field_that_we_misname() -> None:
    """Of all recorded fields only those that the gate does not read are unknown to our messages."""
    known = {field.name for field in AttributeContext.DESCRIPTOR.fields}
    recorded = {
        member
        for path in CAPTURES.glob("*.json")
        for member in json.loads(path.read_text())["attributes"]
    }

    assert recorded - known == {"metadata_context", "route_metadata_context", "tls_session"}
