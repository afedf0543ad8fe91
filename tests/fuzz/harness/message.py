"""Bodies and mirrored headers: MCP over streamable HTTP, and the JSON-RPC envelope."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

from authz.model.operation import ResourceUse, ToolCall
from authz.protocols.http import read_unrouted
from authz.protocols.mcp import read_message
from authz.protocols.mcp_methods import METHODS
from authz.protocols.unreadable import Unreadable
from tests.fuzz.harness.json import typed
from tests.support.cases import all_cases

END_OF_HEAD = b"\n\n"
WORDS = (
    *(name.encode() for name in METHODS),
    *(b'"jsonrpc":"2.0"', b'"method":"tools/call"', b'"params":{}', b'"id":1', b'"_meta":{}'),
    *(b'"name":"search"', b'"arguments":{}', b'"result":{}', b'"error":{}', b'"Name":', b"null"),
    *(b"mcp-method: ", b"mcp-name: ", b"mcp-protocol-version: ", b"mcp-param-q: ", b"\n\n"),
    *(b"content-type: application/json", b"charset=utf-8", b"upgrade: ", b"content-length: "),
    *(b"=?base64?", b"?=", b"2026-07-28", b"io.modelcontextprotocol/protocolVersion", b"POST"),
)


def entry(data: bytes) -> None:
    """A tool call that is read is the one that any other reader finds in the body."""
    head, _, body = data.partition(END_OF_HEAD)
    method, *lines = head.decode("latin-1").split("\n")
    rows = (line.partition(": ") for line in lines)
    headers = {name.lower(): value for name, _, value in rows}
    plain = read_unrouted(method, body)
    try:
        message = read_message(method, headers, body, len(body))
    except Unreadable as refused:
        assert refused.refused.detail.isascii()
        return
    operation = message.operation
    if isinstance(operation, ResourceUse) and operation.method == "resources/read":
        assert operation.uri == json.loads(body)["params"]["uri"]
    if not isinstance(operation, ToolCall):
        return
    told = json.loads(body, parse_float=Decimal)
    assert told["method"] == "tools/call"
    assert operation.tool == told["params"]["name"]
    assert typed(operation.arguments) == typed(told["params"].get("arguments", {}))
    assert typed(message.request_id) == typed(told["id"]) == typed(plain.request_id)
    assert headers.get("mcp-method", "tools/call") == "tools/call"
    assert "content-type" in headers


def seeds() -> Iterator[bytes]:
    """Give the requests of all cases, as far as they are about bodies and mirrors."""
    for case in all_cases():
        rows = (
            f"{name}: {value}" for name, value in case.headers if name.lower() != "authorization"
        )
        head = "\n".join((case.method, *rows)).encode("latin-1", "replace")
        yield head + END_OF_HEAD + case.body
    for name in METHODS:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": name, "params": {"_meta": {}}})
        yield b"POST\ncontent-type: application/json\n\n" + body.encode()
