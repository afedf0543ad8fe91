"""What a request asks for, once its bytes have been read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct

from authz.model.strict_json import JSON


class Protocol(StrEnum):
    """How the bytes of a request were read, and so how a refusal is written."""

    MCP = "mcp"
    HTTP = "http"
    A2A = "a2a"
    MODEL = "model"


class Binding(StrEnum):
    """A2A's three ways to say the same; each has refusals of its own."""

    JSON_RPC = "json-rpc"
    REST = "rest"
    GRPC = "grpc"


class Provider(StrEnum):
    """Whose clients call a language model; each provider has errors of its own."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"


class Era(StrEnum):
    """MCP's two eras; the body's `_meta` tells them apart, never a header."""

    LEGACY = "legacy"
    MODERN = "modern"


class ToolCall(Struct, frozen=True, gc=False):
    """MCP `tools/call`: judged per tool, with its arguments."""

    tool: str
    arguments: Mapping[str, JSON]
    method: str = "tools/call"
    as_task: bool = False
    """The caller asks for a task that it will come back for (2025-11-25)."""

    def __hash__(self) -> int:
        return hash((self.tool, self.method, self.as_task))


class PromptUse(Struct, frozen=True, gc=False):
    """What is asked of one prompt: to fill it in, or to complete an argument of it."""

    prompt: str
    arguments: Mapping[str, JSON]
    """Texts; when completing, those that are known and the one that is completed."""

    method: str = "prompts/get"

    def __hash__(self) -> int:
        return hash((self.prompt, self.method))


class ResourceUse(Struct, frozen=True, gc=False):
    """What is asked of one resource: to read it, to hear of its changes, to complete its URI."""

    uri: str
    """As the caller wrote it; when completing it may be a whole template."""

    method: str = "resources/read"
    completes: bool = False


class TaskUse(Struct, frozen=True, gc=False):
    """What is asked of a server's tasks. Only the server knows whose a task is."""

    method: str
    writes: bool = False
    """It changes a task: cancels it, or gives it what it waits for."""


class Session(Struct, frozen=True, gc=False):
    """What keeps a session going and touches no data: see `protocols.mcp_methods`."""

    method: str


class HttpCall(Struct, frozen=True, gc=False):
    """Plain HTTP: judged by method and path. Query and body are not read."""

    method: str
    path: str
    """In the one plain spelling that `protocols.http` lets through, without a query."""

    provider: Provider | None = None
    """Whose client reads a refusal, where it is a call of a language model."""


class AgentCall(Struct, frozen=True, gc=False):
    """A2A at an agent; recognised, so that a refusal is one that its client understands."""

    method: str
    """Of JSON-RPC; else the path."""

    binding: Binding


class Unknown(Struct, frozen=True, gc=False):
    """A method that no table lists, or anything at all at a target that nobody declares."""

    method: str
    why: str = ""
    """Where a table does list it: what of it no rule lets pass."""


Operation = ToolCall | PromptUse | ResourceUse | TaskUse | Session | HttpCall | AgentCall | Unknown

NO_ARGUMENTS: Mapping[str, JSON] = MappingProxyType({})


def without_arguments(operation: Operation) -> Operation:
    """Give *operation* without what it is called with."""
    match operation:
        case ToolCall(tool, _, method, as_task):
            return ToolCall(tool, NO_ARGUMENTS, method, as_task)
        case PromptUse(prompt, _, method):
            return PromptUse(prompt, NO_ARGUMENTS, method)
    return operation


class Message(Struct, frozen=True, gc=False):
    """One request, read once. What is decided here is what runs."""

    protocol: Protocol
    operation: Operation
    request_id: int | str | None
    """The JSON-RPC `id`, to be echoed with its exact type; None for a notification."""

    era: Era = Era.LEGACY
    traceparent: str | None = None
    """`params._meta.traceparent`: where MCP clients carry the trace."""
