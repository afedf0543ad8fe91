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
    """The group of its Cedar action."""

    scopes: list[Scope]
    """What a call requires."""

    read_only: bool = False
    """It changes nothing."""

    destructive: bool | None = None
    """It may destroy; the opposite of `readOnly` if nothing is said."""

    open_world: bool = True
    """It reaches beyond your systems."""

    sensitivity: Annotated[int, Field(ge=1, le=5)] = 5
    """From 1, harmless, to 5."""

    subject: SubjectRuleName = "required"
    """Whether there must be a user."""

    approval: Literal["required"] | None = None
    """Somebody has to approve each call."""

    untyped: Literal["accept"] | None = None
    """Arguments without a Cedar type may pass a guardrail."""

    input: dict[str, Any] = Field(default_factory=dict)
    """JSON Schema of the arguments, or `{$file: name.json#/pointer}` beside the document."""

    record: list[Pointer] = Field(default_factory=list)
    """JSON Pointers of arguments whose values the decision log may hold."""


class PromptSpec(Node):
    """One MCP prompt."""

    scopes: list[Scope]
    """What using it requires."""

    subject: SubjectRuleName = "required"
    """Whether there must be a user."""


class ResourceSpec(Node):
    """One MCP resource, or all those of a URI template."""

    uri: ResourceUriText
    """One URI (`docs://handbook`), or a template (`docs://pages/{page}`)."""

    scopes: list[Scope]
    """What reading it requires."""

    subject: SubjectRuleName = "required"
    """Whether there must be a user."""


class TasksSpec(Node):
    """Says that the server runs tasks, and binds each to whoever started it."""

    scopes: list[Scope]
    """What a task requires, beside its tool's."""

    subject: SubjectRuleName = "required"
    """Whether there must be a user."""
