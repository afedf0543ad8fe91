"""What each kind of document may contain, as it is written in YAML.

What a document leaves out has the value that allows least. A kind or a value
that a later version will know is refused by name (`later`), never ignored.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from authz.directory.gate_documents import GateSpec
from authz.directory.http_documents import HTTPServiceSpec
from authz.directory.issuer_documents import IssuerSpec
from authz.directory.members import (
    RefusalStyleName,
    TargetRefusalsName,
    TargetTokenSpec,
    TokenSpec,
)
from authz.directory.node import Node, exactly_one
from authz.directory.offer_documents import PromptSpec, ResourceSpec, TasksSpec, ToolSpec
from authz.directory.words import (
    CallerPattern,
    Host,
    Label,
    Member,
    Reference,
    Scope,
    Spiffe,
    SpiffePrefix,
    Text,
    ToolChoice,
    ToolName,
    Uri,
    Url,
    UrlPath,
)

API_VERSION = "narrowgate.dev/v1alpha1"


class Metadata(Node):
    """What a document is called."""

    name: Label
    """How other documents name it."""

    namespace: Label | None = None
    """The `Cell` that it belongs to; a document below `directory/ns/<namespace>/` says it."""


class RoleMember(Node):
    """One member of a role: a group or a user of an issuer."""

    group: Member | None = None
    """`issuer/name`."""

    user: Member | None = None
    """`issuer/sub`."""

    @model_validator(mode="after")
    def _one_kind(self) -> RoleMember:
        exactly_one(self, "group", "user")
        return self


class RoleSpec(Node):
    """What its members could ever hold."""

    members: list[RoleMember] = Field(default_factory=list)
    """Who they are: each is a group or a user."""

    scopes: list[Scope]
    """What they could ever hold, cut to the `Cell`."""


class ClientClaim(Node):
    """Client ids of one issuer that a namespace's documents may claim."""

    issuer: Label
    """The issuer's name."""

    clients: Annotated[list[Text], Field(min_length=1)]
    """Client ids."""


CellIdentity = Annotated[
    Annotated[SpiffePrefix, Tag("prefix")] | Annotated[ClientClaim, Tag("clients")],
    Discriminator(lambda value: "prefix" if isinstance(value, str) else "clients"),
]


class CellSpec(Node):
    """A namespace as a wall."""

    owner: Text
    """Whom to ask about this namespace."""

    max_scopes: list[Scope] = Field(default_factory=list)
    """The most that its agents and roles may be given."""

    identities: list[CellIdentity] = Field(default_factory=list)
    """What its documents may claim: SPIFFE prefixes, or client ids of an issuer."""

    resources: list[Url] = Field(default_factory=list)
    """URLs that its servers may call their `resource`, or what is below."""


class Client(Node):
    """An issuer's client id."""

    issuer: Label
    """The issuer's name."""

    id: Text
    """The client id that it gave."""


class AgentIdentity(Node):
    """One identity of an agent."""

    spiffe: Spiffe | None = None
    """A SPIFFE ID, within the `Cell`."""

    client: Client | None = None
    """A client of an issuer, within the `Cell`."""

    @model_validator(mode="after")
    def _one_kind(self) -> AgentIdentity:
        exactly_one(self, "spiffe", "client")
        return self


class ConnectionSpec(Node):
    """What an agent wants of one target. Without a list: operation `session` only."""

    to: Reference
    """The target: `namespace/name`, or a name of the same namespace."""

    tools: list[ToolChoice] = Field(default_factory=list)
    """Tools that it may call; `*` is all that are declared."""

    prompts: list[ToolChoice] = Field(default_factory=list)
    """The same of prompts."""

    resources: list[ToolChoice] = Field(default_factory=list)
    """The same of resources."""

    tasks: list[Literal["*"]] = Field(default_factory=list)
    """`*`, or none."""

    skills: list[Text] = Field(default_factory=list)
    """Of an agent as target; this version calls none."""

    routes: list[Text] = Field(default_factory=list)
    """Of a service: `*`, or `GET /search` as it is declared."""

    models: list[Text] = Field(default_factory=list)
    """Of a model provider; this version calls none."""

    hands_on: list[Scope] = Field(default_factory=list)
    """What it may hand on; this version hands on nothing."""


class SkillSpec(Node):
    """One skill of an agent that others call. Nothing decides by it yet."""

    action: Literal["read", "write"] = "write"
    """The group of its Cedar action."""

    scopes: list[Scope]
    """What a call requires."""


class AgentSpec(Node):
    """A declared agent; one with `hosts` can be called by others."""

    owner: Text
    """The liable human."""

    lifecycle: Literal["active", "suspended", "quarantined", "retired"] = "quarantined"
    """Anything but `active` suspends it, and so does leaving it out."""

    identities: list[AgentIdentity] = Field(default_factory=list)
    """How it proves itself."""

    scopes: list[Scope] = Field(default_factory=list)
    """Its ceiling, cut to the `Cell`."""

    connections: list[ConnectionSpec] = Field(default_factory=list)
    """What it wants of targets; each has to list it among `callers` as well."""

    refusals: RefusalStyleName = "auto"
    """
    How it is told no: `auto` keeps its session alive, `http` answers by status alone, `oauth` is
    for a client that runs OAuth itself.
    """

    audience: Uri | None = None
    """Of an agent that others call: the `aud` of tokens for it."""

    hosts: list[Host] = Field(default_factory=list)
    """Of an agent that others call: exactly as requests name them."""

    path: UrlPath | None = None
    """Of an agent that others call."""

    callers: list[CallerPattern] = Field(default_factory=list)
    """Of an agent that others call: who may."""

    skills: dict[str, SkillSpec] = Field(default_factory=dict)
    """Of an agent that others call."""

    hands_on: list[Scope] = Field(default_factory=list)
    """What it may hand on; this version hands on nothing."""

    token: TokenSpec = TokenSpec()
    """Of an agent that others call."""


class MCPServerSpec(Node):
    """An MCP server."""

    hosts: Annotated[list[Host], Field(min_length=1)]
    """Exactly as requests name them."""

    path: UrlPath
    """Exactly as requests name it."""

    audience: Uri
    """The `aud` of tokens for it."""

    resource: Url | None = None
    """The URL that clients which run OAuth themselves ask a token for; within the `Cell`."""

    callers: list[CallerPattern] = Field(default_factory=list)
    """Agents, or whole namespaces as `ns/*`."""

    token: TargetTokenSpec = TargetTokenSpec()
    """What goes on in the caller's credential's place."""

    session_scopes: list[Scope] = Field(default_factory=list)
    """What keeping a session going requires."""

    refusals: TargetRefusalsName = "auto"
    """As an agent's; `json` gives small bodies that name the required scopes."""

    tools: dict[ToolName, ToolSpec] = Field(default_factory=dict)
    """By name."""

    prompts: dict[ToolName, PromptSpec] = Field(default_factory=dict)
    """By name."""

    resources: dict[ToolName, ResourceSpec] = Field(default_factory=dict)
    """By a name of yours."""

    tasks: TasksSpec | None = None
    """Says that the server runs tasks, and binds each to whoever started it."""


Spec = GateSpec | IssuerSpec | RoleSpec | CellSpec | AgentSpec | MCPServerSpec | HTTPServiceSpec

SPECS: dict[str, type[Node]] = {
    "Gate": GateSpec,
    "Issuer": IssuerSpec,
    "Role": RoleSpec,
    "Cell": CellSpec,
    "Agent": AgentSpec,
    "MCPServer": MCPServerSpec,
    "HTTPService": HTTPServiceSpec,
}
