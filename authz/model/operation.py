"""What a request asks for, once its bytes have been read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from authz.model.strict_json import JSON


class Protocol(StrEnum):
    """How the bytes of a request were read, and so how a refusal is written."""

    MCP = "mcp"
    HTTP = "http"


class Era(StrEnum):
    """MCP's two eras; the body's `_meta` tells them apart, never a header."""

    LEGACY = "legacy"
    MODERN = "modern"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """MCP `tools/call`: judged per tool, with its arguments."""

    tool: str
    arguments: Mapping[str, JSON]
    method: str = "tools/call"


@dataclass(frozen=True, slots=True)
class Session:
    """What keeps a session going and touches no data: see `protocols.mcp`."""

    method: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A method that no table lists, or plain HTTP at a target that speaks none."""

    method: str


Operation = ToolCall | Session | Unknown


@dataclass(frozen=True, slots=True)
class Message:
    """One request, read once. What is decided here is what runs."""

    protocol: Protocol
    operation: Operation
    request_id: int | str | None
    """The JSON-RPC `id`, to be echoed with its exact type; None for a notification."""

    era: Era = Era.LEGACY
    traceparent: str | None = None
    """`params._meta.traceparent`: where MCP clients carry the trace."""
