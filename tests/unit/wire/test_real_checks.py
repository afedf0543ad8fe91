"""A Check of a real Envoy, byte by byte, through our subset of its messages.

Envoy asks a bare gRPC handler of this module, which keeps what came and says no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from authz._proto.external_auth_pb2 import CheckRequest
from authz.model.call import Call
from authz.model.outcome import Answer
from authz.wire.check import read_check, unread_call, write_refusal
from examples.edge.certificates import Authority
from examples.edge.envoy import Place, running_envoy
from tests.support.clients import Door, send_http1
from tests.support.envoy import TARGET_HEADER, opened_configuration

CHECK = "/envoy.service.auth.v3.Authorization/Check"
PRINCIPAL = "spiffe://example.org/ns/research/sa/research-agent"
BODY = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
METADATA = "narrowgate.test"

METADATA_CONTEXT, TLS_SESSION, ROUTE_METADATA = NOT_READ = 11, 12, 13
"""Field numbers of `AttributeContext` that our subset leaves out."""

Filter = dict[str, Any]


class Kept(grpc.GenericRpcHandler):
    """Keeps the bytes of every Check and refuses it."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        """Answer Checks, without reading or writing any message."""
        if handler_call_details.method != CHECK:
            return None
        return grpc.unary_unary_rpc_method_handler(self._check)

    def _check(self, request: bytes, _context: grpc.ServicerContext) -> bytes:
        self.requests.append(request)
        return write_refusal(Answer(403, (), b""))


def with_everything(ext_authz: Filter) -> None:
    """Let Envoy send all it has: metadata, TLS session, certificate."""
    ext_authz["include_peer_certificate"] = True
    ext_authz["include_tls_session"] = True
    ext_authz["metadata_context_namespaces"] = [METADATA]


def with_raw_headers_and_text(ext_authz: Filter) -> None:
    """Let Envoy send headers one by one and the body as text."""
    ext_authz["encode_raw_headers"] = True
    ext_authz["with_request_body"]["pack_as_bytes"] = False


SET_METADATA: Filter = {
    "name": "envoy.filters.http.set_metadata",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.set_metadata.v3.Config",
        "metadata": [{"metadata_namespace": METADATA, "value": {"kept": "unread by the gate"}}],
    },
}


@contextmanager
def kept_checks(folder: Path) -> Iterator[tuple[Kept, Path]]:
    """Serve a handler that keeps Checks, on a Unix socket."""
    kept, socket = Kept(), folder / "gate.sock"
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((kept,))
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    try:
        yield kept, socket
    finally:
        server.stop(None).wait()


def captured(folder: Path, change: Callable[[Filter], None]) -> bytes:
    """Give the Check of one request, under the shipped configuration and *change*."""
    authority = Authority(folder / "pki")
    with kept_checks(folder) as (kept, socket):
        place = Place(folder / "envoy", authority, socket, upstream_port=1)
        bootstrap = opened_configuration(place, ["tools/docs"])
        manager = bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]
        filters = manager["typed_config"]["http_filters"]
        change(
            next(each for each in filters if each["name"] == "envoy.filters.http.ext_authz")[
                "typed_config"
            ]
        )
        filters.insert(0, SET_METADATA)
        with running_envoy(place, bootstrap) as port:
            door = Door(port, authority.roots, authority.issue("client", PRINCIPAL))
            headers = [("host", "docs.tools.svc.cluster.local"), (TARGET_HEADER, "tools/docs")]
            twice = [("x-twice", "one"), ("x-twice", "two")]
            response = send_http1(door, "POST", "/mcp", [*headers, *twice], BODY)
    assert response.status == 403
    (request,) = kept.requests
    return request


@pytest.fixture(scope="module", params=[with_everything, with_raw_headers_and_text])
def request_bytes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> bytes:
    """One Check of a real Envoy, in each of two configurations."""
    return captured(tmp_path_factory.mktemp("real"), request.param)


def unknown(message: Message) -> dict[int, Any]:
    """Give the fields of *message* that our subset does not know, by number."""
    fields = UnknownFieldSet(message)
    rows = [fields[index] for index in range(len(fields))]
    return {row.field_number: row.data for row in rows}


def read(request: bytes) -> Call:
    """Read a Check as the server does."""
    unread = unread_call("", decision="", new_trace="")
    return read_check(CheckRequest.FromString(request), unread, {})


def test_round_trip(request_bytes: bytes) -> None:
    """Parsed and written again, a Check has the same length and the same fields, known or not."""
    once = CheckRequest.FromString(request_bytes)
    again = CheckRequest.FromString(once.SerializeToString())

    assert len(once.SerializeToString()) == len(request_bytes)
    assert again == once
    assert unknown(again.attributes) == unknown(once.attributes)
    assert unknown(again) == unknown(once) == {}


def test_unknown_fields_are_kept(request_bytes: bytes) -> None:
    """What the gate does not read is still there: metadata, and the TLS session where sent."""
    fields = unknown(CheckRequest.FromString(request_bytes).attributes)

    assert fields.keys() in ({METADATA_CONTEXT, ROUTE_METADATA}, set(NOT_READ))
    assert (b"unread by the gate" in fields[METADATA_CONTEXT]) == (TLS_SESSION in fields)


def test_known_fields_are_read(request_bytes: bytes) -> None:
    """Peer, target, bytes and headers are what the client and the route said."""
    call = read(request_bytes)

    assert (call.principal, call.target) == (PRINCIPAL, "tools/docs")
    assert (call.method, call.path, call.host) == ("POST", "/mcp", "docs.tools.svc.cluster.local")
    assert (call.body, call.size) == (BODY, len(BODY))
    assert call.headers["x-twice"] == "one,two"
    assert call.peer_address == "127.0.0.1"
    assert call.stream
    assert call.time is not None


def test_destination_is_kept(request_bytes: bytes) -> None:
    """The side that the gate decides nothing by is still there for who wants it."""
    attributes = CheckRequest.FromString(request_bytes).attributes

    assert attributes.destination.principal == "spiffe://example.org/ns/edge/sa/envoy"
    assert attributes.destination.address.socket_address.port_value > 0
