"""`protocols.a2a`: which binding a call to an agent is of, and that it is at the agent's path."""

from __future__ import annotations

import pytest

from authz.model.call import Call
from authz.model.operation import AgentCall, Binding, Message, Protocol
from authz.model.reasons import Reason
from authz.protocols.a2a import read_agent_call
from authz.protocols.unreadable import Unreadable
from authz.wire.check import unread_call
from tests.support.values import replace

SEND = b'{"jsonrpc":"2.0","id":7,"method":"SendMessage"}'
ANSWER = b'{"jsonrpc":"2.0","id":7,"result":{}}'
GRPC_PATH = "/lf.a2a.v1.A2AService/SendMessage"


def call(path: str, body: bytes = b"", content_type: str = "application/json") -> Call:
    """Give a POST."""
    bare = unread_call("out", decision="d", new_trace="t")
    headers = {"content-type": content_type}
    return replace(bare, method="POST", path=path, body=body, headers=headers)


@pytest.mark.parametrize(
    ("asked", "path", "method", "binding", "request_id"),
    [
        (call("/agent", SEND), "/agent", "SendMessage", Binding.JSON_RPC, 7),
        (call("/agent", ANSWER), "/agent", "an answer", Binding.JSON_RPC, None),
        (call("/agent", b"x"), "/agent", "POST /agent", Binding.REST, None),
        (call("/agent/tasks"), "/agent", "POST /agent/tasks", Binding.REST, None),
        (call("/tasks"), "/", "POST /tasks", Binding.REST, None),
        *(
            (call(GRPC_PATH, SEND, kind), "/agent", GRPC_PATH, Binding.GRPC, None)
            for kind in ("application/grpc", " Application/GRPC+proto", "application/grpc;x=y")
        ),
        (
            call("/agent", SEND, "application/grpc-web"),
            "/agent",
            "SendMessage",
            Binding.JSON_RPC,
            7,
        ),
    ],
)
def test_binding(
    asked: Call, path: str, method: str, binding: Binding, request_id: int | None
) -> None:
    """The content type says gRPC, a JSON-RPC message itself, and what is neither is REST."""
    operation = AgentCall(method, binding)

    assert read_agent_call(asked, path) == Message(Protocol.A2A, operation, request_id)


@pytest.mark.parametrize("path", ["/", "/agents", "/other/agent", "/agent/../other"])
def test_another_path(path: str) -> None:
    """Beside the agent's path there is nothing of it."""
    with pytest.raises(Unreadable) as error:
        read_agent_call(call(path, SEND), "/agent")

    assert error.value.refused.reason is Reason.AMBIGUOUS_REQUEST
