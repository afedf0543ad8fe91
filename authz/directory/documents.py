"""What each kind of document may contain, as it is written in YAML.

What a document leaves out has the value that allows least. A kind or a value
that a later version will know is refused by name (`later`), never ignored.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from authz.directory.http_documents import HTTPServiceSpec
from authz.directory.members import (
    RefusalStyleName,
    TargetRefusalsName,
    TargetTokenSpec,
    TokenSpec,
)
from authz.directory.node import Node, exactly_one
from authz.directory.offer_documents import PromptSpec, ResourceSpec, TasksSpec, ToolSpec
from authz.directory.words import (
    BelievedFor,
    CallerPattern,
    FreshFor,
    HeaderName,
    Host,
    Label,
    Lifetime,
    Member,
    MetadataKey,
    Network,
    Pointer,
    Reference,
    Scope,
    ScopePattern,
    Spiffe,
    SpiffePrefix,
    StaleFor,
    Text,
    ToolChoice,
    ToolName,
    TrustDomain,
    Uri,
    Url,
    UrlPath,
    Zone,
)

API_VERSION = "narrowgate.dev/v1alpha1"

Algorithm = Literal["ES256", "ES384", "PS256", "RS256", "EdDSA"]


class Metadata(Node):
    """What a document is called."""

    name: Label
    namespace: Label | None = None


class KeyFolder(Node):
    """Where our signing keys lie."""

    folder: Text


class GateIssuer(Node):
    """We, as the issuer of the tokens that we mint."""

    url: Url
    keys: KeyFolder
    token_lifetime: Lifetime = "60s"  # noqa: S105 - a duration


class Tls(Node):
    """Files of a TCP listener's mTLS."""

    certificate: Text
    key: Text
    clients: Text


class Callers(Node):
    """Who may send Checks by a TCP listener."""

    spiffe: Annotated[list[Spiffe], Field(min_length=1)] | None = None
    mesh: Text | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Callers:
        exactly_one(self, "spiffe", "mesh")
        return self


class XfccSpec(Node):
    """Whose `x-forwarded-client-cert` is believed: the proxy that `By` names."""

    by: Spiffe


class MetadataSpec(Node):
    """Where a waypoint writes who asks, and where and how it names itself."""

    key: MetadataKey = "x-peer-principal"
    by: Spiffe | None = None
    by_key: MetadataKey | None = None

    @model_validator(mode="after")
    def _key_of_a_name(self) -> MetadataSpec:
        if self.by_key is not None and self.by is None:
            message = "byKey says where the waypoint names itself, and by what it must say there"
            raise PydanticCustomError("grammar", "{message}", {"message": message})
        return self


class ClientSpec(Node):
    """Whose client ids count."""

    issuer: Label


class ListenerSpec(Node):
    """One gRPC address of ours, and how it is read there who asks."""

    name: Label
    address: Text
    direction: Literal["out", "in"]
    identity: Literal["principal", "certificate", "xfcc", "metadata", "client", "none"]
    xfcc: XfccSpec | None = None
    metadata: MetadataSpec | None = None
    client: ClientSpec | None = None
    targets: Literal["route", "hosts"] = "route"
    tls: Tls | None = None
    callers: Callers | None = None


class Records(Node):
    """The decision log."""

    file: Text
    level: Literal["durable", "written", "queued"] = "written"
    when_full: Literal["deny"] = "deny"


class GateSpec(Node):
    """This deployment."""

    trust_domains: Annotated[list[TrustDomain], Field(min_length=1)]
    time_zone: Zone = "UTC"
    policy_headers: list[HeaderName] = Field(default_factory=list)
    issuer: GateIssuer
    listeners: Annotated[list[ListenerSpec], Field(min_length=1)]
    records: Records


class IssuerKeys(Node):
    """Where an issuer's public keys are: in a file, at a URL, or where its metadata says."""

    file: Text | None = None
    jwks_url: Url | None = None
    discover: Literal[True] | None = None
    max_age: FreshFor | None = None
    stale_for: StaleFor | None = None

    @model_validator(mode="after")
    def _one_place(self) -> IssuerKeys:
        exactly_one(self, "file", "jwks_url", "discover")
        if self.file is not None and (self.max_age or self.stale_for):
            message = "maxAge and staleFor are for keys that are fetched"
            raise PydanticCustomError("grammar", "{message}", {"message": message})
        return self


class SecretFile(Node):
    """Where a secret lies: a reference, never the value."""

    file: Text


class IntrospectionSpec(Node):
    """Whom to ask about opaque tokens (RFC 7662)."""

    url: Url | None = None
    client_id: Text
    client_secret: SecretFile
    max_age: BelievedFor = "30s"


class ClaimMap(Node):
    """Where an issuer's tokens say what."""

    groups: Pointer | None = None
    acr: Pointer | None = None
    amr: Pointer | None = None
    auth_time: Pointer | None = None


class MayAssert(Node):
    """How far an issuer is believed."""

    groups: list[Text] = Field(default_factory=list)
    scopes: list[ScopePattern] = Field(default_factory=list)


class IssuerSpec(Node):
    """Somebody who says who users are."""

    issuer: Url
    audiences: Annotated[list[Uri], Field(min_length=1)]
    algorithms: Annotated[list[Algorithm], Field(min_length=1)]
    keys: IssuerKeys
    introspection: IntrospectionSpec | None = None
    private_networks: list[Network] = Field(default_factory=list)
    claims: ClaimMap = ClaimMap()
    acr_levels: dict[Text, Annotated[int, Field(ge=0, le=9)]] = Field(default_factory=dict)
    may_assert: MayAssert = MayAssert()
    user_scopes: Literal["token", "roles", "token-within-roles"] = "token-within-roles"


class RoleMember(Node):
    """One member of a role: a group or a user of an issuer."""

    group: Member | None = None
    user: Member | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> RoleMember:
        exactly_one(self, "group", "user")
        return self


class RoleSpec(Node):
    """What its members could ever hold."""

    members: list[RoleMember] = Field(default_factory=list)
    scopes: list[Scope]


class ClientClaim(Node):
    """Client ids of one issuer that a namespace's documents may claim."""

    issuer: Label
    clients: Annotated[list[Text], Field(min_length=1)]


CellIdentity = Annotated[
    Annotated[SpiffePrefix, Tag("prefix")] | Annotated[ClientClaim, Tag("clients")],
    Discriminator(lambda value: "prefix" if isinstance(value, str) else "clients"),
]


class CellSpec(Node):
    """A namespace as a wall."""

    owner: Text
    max_scopes: list[Scope] = Field(default_factory=list)
    identities: list[CellIdentity] = Field(default_factory=list)
    resources: list[Url] = Field(default_factory=list)


class Client(Node):
    """An issuer's client id."""

    issuer: Label
    id: Text


class AgentIdentity(Node):
    """One identity of an agent."""

    spiffe: Spiffe | None = None
    client: Client | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> AgentIdentity:
        exactly_one(self, "spiffe", "client")
        return self


class ConnectionSpec(Node):
    """What an agent wants of one target. Without a list: operation `session` only."""

    to: Reference
    tools: list[ToolChoice] = Field(default_factory=list)
    prompts: list[ToolChoice] = Field(default_factory=list)
    resources: list[ToolChoice] = Field(default_factory=list)
    tasks: list[Literal["*"]] = Field(default_factory=list)
    skills: list[Text] = Field(default_factory=list)
    routes: list[Text] = Field(default_factory=list)
    models: list[Text] = Field(default_factory=list)
    hands_on: list[Scope] = Field(default_factory=list)


class SkillSpec(Node):
    """One skill of an agent that others call. Nothing decides by it yet."""

    action: Literal["read", "write"] = "write"
    scopes: list[Scope]


class AgentSpec(Node):
    """A declared agent; one with `hosts` can be called by others."""

    owner: Text
    lifecycle: Literal["active", "suspended", "quarantined", "retired"] = "quarantined"
    identities: list[AgentIdentity] = Field(default_factory=list)
    scopes: list[Scope] = Field(default_factory=list)
    connections: list[ConnectionSpec] = Field(default_factory=list)
    refusals: RefusalStyleName = "auto"
    audience: Uri | None = None
    hosts: list[Host] = Field(default_factory=list)
    path: UrlPath | None = None
    callers: list[CallerPattern] = Field(default_factory=list)
    skills: dict[str, SkillSpec] = Field(default_factory=dict)
    hands_on: list[Scope] = Field(default_factory=list)
    token: TokenSpec = TokenSpec()


class MCPServerSpec(Node):
    """An MCP server."""

    hosts: Annotated[list[Host], Field(min_length=1)]
    path: UrlPath
    audience: Uri
    resource: Url | None = None
    callers: list[CallerPattern] = Field(default_factory=list)
    token: TargetTokenSpec = TargetTokenSpec()
    session_scopes: list[Scope] = Field(default_factory=list)
    refusals: TargetRefusalsName = "auto"
    tools: dict[ToolName, ToolSpec] = Field(default_factory=dict)
    prompts: dict[ToolName, PromptSpec] = Field(default_factory=dict)
    resources: dict[ToolName, ResourceSpec] = Field(default_factory=dict)
    tasks: TasksSpec | None = None


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
