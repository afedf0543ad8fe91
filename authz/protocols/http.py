"""Plain HTTP: how the bytes for an unknown target, or for one that is no MCP server, are read."""

from __future__ import annotations

from authz.model.operation import Message, Protocol, Unknown
from authz.protocols.jsonrpc import peek_id


def read_request(method: str, body: bytes) -> Message:
    """
    Read a request without looking for an operation in it: step 5 or 6 refuses it.

    The `id` of a JSON-RPC message is kept where there is one, because a caller
    that gets no further than its credential is answered in JSON-RPC.
    """
    return Message(Protocol.HTTP, Unknown(method), peek_id(body))
