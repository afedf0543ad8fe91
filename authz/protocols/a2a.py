"""A2A, as far as it has to be told which of its bindings a refusal must be written in.

Nothing of it is allowed yet, so nothing of a message is believed here: what
its body says is only looked for where the next step refuses it anyway.
"""

from __future__ import annotations

from authz.model.call import Call
from authz.model.operation import AgentCall, Binding, Message, Protocol
from authz.protocols.http import plain_path
from authz.protocols.jsonrpc import read_envelope
from authz.protocols.unreadable import Unreadable, ambiguous

GRPC = "application/grpc"


def read_agent_call(call: Call, path: str) -> Message:
    """
    Read a request for an agent that is called at *path*.

    It is gRPC by its content type, JSON-RPC where there is such a message, else
    REST; REST has paths below the agent's own, gRPC has paths of its own.

    Raises:
        Unreadable: `ambiguous_request`. The path is not plain, or not the agent's.
    """
    asked = plain_path(call.path)
    content_type = call.headers.get("content-type", "").strip().lower()
    if content_type == GRPC or content_type.startswith((f"{GRPC}+", f"{GRPC};")):
        return Message(Protocol.A2A, AgentCall(asked, Binding.GRPC), None)
    if asked != path and not asked.startswith(f"{path.removesuffix('/')}/"):
        raise ambiguous("the path is not the target's")
    try:
        envelope = read_envelope(call.body)
    except Unreadable:
        return Message(Protocol.A2A, AgentCall(f"{call.method} {asked}", Binding.REST), None)
    method = envelope.method or "an answer"
    return Message(Protocol.A2A, AgentCall(method, Binding.JSON_RPC), envelope.request_id)
