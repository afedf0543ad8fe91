"""What a document says of each thing that an MCP server offers, as it is written in YAML."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from authz.directory.members import ActionName, SubjectRuleName
from authz.directory.node import Node
from authz.directory.words import Pointer, ResourceUriText, Scope


class ToolSpec(Node):
    """One MCP tool; what it leaves out takes the worst value."""

    action: ActionName = "write"
    scopes: list[Scope]
    read_only: bool = False
    destructive: bool | None = None
    open_world: bool = True
    sensitivity: Annotated[int, Field(ge=1, le=5)] = 5
    subject: SubjectRuleName = "required"
    approval: Literal["required"] | None = None
    untyped: Literal["accept"] | None = None
    input: dict[str, Any] = Field(default_factory=dict)
    record: list[Pointer] = Field(default_factory=list)


class PromptSpec(Node):
    """One MCP prompt."""

    scopes: list[Scope]
    subject: SubjectRuleName = "required"


class ResourceSpec(Node):
    """One MCP resource, or all those of a URI template."""

    uri: ResourceUriText
    scopes: list[Scope]
    subject: SubjectRuleName = "required"


class TasksSpec(Node):
    """Says that the server runs tasks, and binds each to whoever started it."""

    scopes: list[Scope]
    subject: SubjectRuleName = "required"
