"""`protocols.http`: bytes that are not looked into."""

from __future__ import annotations

import pytest

from authz.model.operation import Message, Protocol, Unknown
from authz.protocols.http import read_request


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
    """Whatever the bytes say, it is no operation that a rule knows; only an id is kept."""
    message = read_request("POST", body)

    assert message == Message(Protocol.HTTP, Unknown("POST"), request_id)
