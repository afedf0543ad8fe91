"""What targets offer: everything that an agent may list and then ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from authz.directory.diagnostics import Position
from authz.model.resource_uri import ResourceUri
from authz.model.scopes import Scopes
from authz.model.strict_json import JSON

NOWHERE = Position("directory")
"""Of what no document declares."""

ALL = "*"
"""Stands in a connection's list for everything of that kind."""


class SubjectRule(StrEnum):
    """Whether an operation is for a user; the strictest first."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NONE = "none"


class OwnName:
    """What stands below its target by name."""

    __slots__ = ()

    name: str
    """`<namespace>/<target>/<own name>`."""

    @property
    def own_name(self) -> str:
        """Its name within its target."""
        return self.name.split("/", 2)[2]


@dataclass(frozen=True, slots=True)
class Tool(OwnName):
    """One declared MCP tool; what its document left out has the worst value."""

    member: ClassVar = "tools"
    """Of the target and of a connection: where it is declared, and where it is listed."""

    name: str
    """`<namespace>/<server>/<tool>`."""

    action: str
    """`read` or `write`."""

    scopes: Scopes
    read_only: bool
    destructive: bool
    open_world: bool
    sensitivity: int
    subject: SubjectRule
    approval: bool
    untyped_ok: bool
    input_schema: Mapping[str, JSON]
    """JSON Schema of the arguments; an empty object schema where none is declared."""

    mirrored: Mapping[str, tuple[str, ...]]
    """By lower-case `x-mcp-header` of the schema: the names that lead to the argument."""

    record: frozenset[str]
    """JSON Pointers of the arguments whose values the decision record may hold."""

    place: Position = field(default=NOWHERE, compare=False)
    """Where it is declared."""


@dataclass(frozen=True, slots=True)
class Prompt(OwnName):
    """One declared MCP prompt."""

    member: ClassVar = "prompts"
    action: ClassVar = "read"
    record: ClassVar[frozenset[str]] = frozenset()
    """Values of its arguments stay masked, all of them."""

    name: str
    """`<namespace>/<server>/<prompt>`."""

    scopes: Scopes
    subject: SubjectRule


@dataclass(frozen=True, slots=True)
class MCPResource(OwnName):
    """One declared MCP resource, or all those of a template."""

    member: ClassVar = "resources"
    action: ClassVar = "read"
    record: ClassVar[frozenset[str]] = frozenset()

    name: str
    """`<namespace>/<server>/<resource>`."""

    uri: ResourceUri
    scopes: Scopes
    subject: SubjectRule


@dataclass(frozen=True, slots=True)
class Tasks:
    """What an MCP server runs for later: it binds each task to whoever started it."""

    member: ClassVar = "tasks"
    own_name: ClassVar = ALL
    """A server's tasks are listed together or not at all: nobody knows their ids before."""

    record: ClassVar[frozenset[str]] = frozenset()

    name: str
    """Of the server."""

    scopes: Scopes
    subject: SubjectRule
    action: str = "write"
    """`read` where a task is only looked at."""


@dataclass(frozen=True, slots=True)
class HTTPRoute:
    """One declared route; what its document left out has the worst value."""

    member: ClassVar = "routes"
    record: ClassVar[frozenset[str]] = frozenset()

    name: str
    """`<namespace>/<service>/<METHOD> <template>`."""

    method: str
    path: str
    """The template."""

    action: str
    """`read` or `write`."""

    scopes: Scopes
    subject: SubjectRule

    @property
    def own_name(self) -> str:
        """Its name within its target."""
        return route_name(self.method, self.path)


def route_name(method: str, path: str) -> str:
    """Give what a connection lists a route by."""
    return f"{method} {path}"


Offer = Tool | Prompt | MCPResource | Tasks | HTTPRoute
"""Something that a target declares, and that an agent may list and then ask for."""
