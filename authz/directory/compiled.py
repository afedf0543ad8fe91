"""What the rest of the package sees of the directory: immutable, looked up by key.

Everything here has passed the walls (design: ceilings are already capped by
their `Cell`, references exist, identities and audiences belong to one
document), so nothing below this room checks them again.

Names are qualified throughout: `<namespace>/<name>` for agents and targets,
`<namespace>/<server>/<tool>` for tools, `<issuer>/<group>` and `<issuer>/<sub>`
for groups and users, `<namespace>/<role>` or `<role>` for roles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from authz.directory.by_uri import ByUri
from authz.directory.listening import Listener
from authz.directory.offers import ALL, MCPResource, Offer, Prompt, Tasks, Tool
from authz.directory.routes import NO_ROUTES, PublicRoute, Routes
from authz.model.operation import HttpCall, Operation, PromptUse, ResourceUse, TaskUse, ToolCall
from authz.model.principals import SubjectForm
from authz.model.scopes import ScopePatterns, Scopes
from authz.model.spiffe import SpiffeId


class Lifecycle(StrEnum):
    """Whether an agent may act. Anything but active suspends it."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    QUARANTINED = "quarantined"
    RETIRED = "retired"


class RecordLevel(StrEnum):
    """What has become of a record before its answer leaves."""

    DURABLE = "durable"
    """It is on the disk: it outlives the machine's power."""

    WRITTEN = "written"
    """It is with the kernel: it outlives the process."""

    QUEUED = "queued"
    """It is in a bounded queue of the process, and lost with it."""


class RefusalStyle(StrEnum):
    """How refusals are written for a target or an agent."""

    AUTO = "auto"
    HTTP = "http"
    OAUTH = "oauth"
    JSON = "json"
    """Small bodies of a plain HTTP tool; they name the workload and what it would need."""


class UserScopes(StrEnum):
    """Where what a user could hold, and what a credential carries, come from."""

    TOKEN = "token"  # noqa: S105 - a word of documents
    """Could = `mayAssert`; carries = the token's within could."""

    ROLES = "roles"
    """Could = carries = the roles' scopes within `mayAssert`; the token's are ignored."""

    TOKEN_WITHIN_ROLES = "token-within-roles"  # noqa: S105 - a word of documents
    """Could = the roles' scopes within `mayAssert`; carries = the token's within could."""


class TargetKind(StrEnum):
    """What stands behind a route."""

    MCP_SERVER = "MCPServer"
    AGENT = "Agent"
    HTTP_SERVICE = "HTTPService"


class TokenMode(StrEnum):
    """What a target is told by."""

    MINT = "mint"
    """A token of ours, and the identity headers."""

    NONE = "none"
    """The identity headers alone."""


@dataclass(frozen=True, slots=True)
class ClaimPointers:
    """Where an issuer's tokens say what: JSON Pointers (RFC 6901); None is nowhere."""

    groups: str | None = None
    acr: str | None = None
    amr: str | None = None
    auth_time: str | None = None
    login: str | None = None
    """What every login has; None where `sub` alone tells a client's own token."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """Keys that somebody puts into a file: good as long as the world is."""

    path: str
    """Of a JWKS, relative to the world's folder or absolute."""


@dataclass(frozen=True, slots=True)
class KeysByUrl:
    """Keys that are fetched."""

    jwks_url: str | None
    """None where the issuer's metadata says it (OpenID Connect Discovery, RFC 8414)."""

    max_age: int
    """Seconds for which fetched keys are fresh, however long the issuer says."""

    stale_for: int
    """Seconds for which they are used after that while the issuer cannot be reached."""


@dataclass(frozen=True, slots=True)
class Introspection:
    """Whom to ask about opaque tokens (RFC 7662)."""

    url: str | None
    """None where the issuer's metadata says it."""

    client_id: str
    secret_file: str
    """Of our client there; relative to the world's folder or absolute."""

    max_age: int
    """Seconds for which an answer is believed; 0 asks every time."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Somebody who says who users are, and how far that is believed."""

    name: str
    url: str
    """The exact `iss`."""

    audiences: frozenset[str]
    algorithms: frozenset[str]
    keys: KeyFile | KeysByUrl
    claims: ClaimPointers
    acr_levels: Mapping[str, int]
    groups: frozenset[str]
    """Plain names of the groups that it may assert."""

    scopes: ScopePatterns
    """The scopes that it may assert."""

    user_scopes: UserScopes = UserScopes.TOKEN_WITHIN_ROLES
    introspection: Introspection | None = None
    """How opaque tokens of it are read; None where it gives none."""

    private_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Where it may be reached though the address is private, and without TLS."""


@dataclass(frozen=True, slots=True)
class Role:
    """What its members could ever hold, already within its namespace's `Cell`."""

    name: str
    groups: frozenset[str]
    users: frozenset[str]
    scopes: Scopes


@dataclass(frozen=True, slots=True)
class Target:
    """Something that Envoy routes to."""

    name: str
    kind: TargetKind
    hosts: frozenset[str]
    """Lower case; without a port unless only that port is meant."""

    path: str
    """Empty where the hosts are its own whatever the path."""

    audience: str
    callers: frozenset[str]
    """Agents by name, and whole namespaces as `<namespace>/*`."""

    subjects: SubjectForm
    """How `sub` is written in tokens for it."""

    refusals: RefusalStyle
    session_scopes: Scopes
    tools: Mapping[str, Tool]
    """By the tool's own name, byte by byte."""

    prompts: Mapping[str, Prompt] = field(default_factory=dict)
    """By the prompt's own name, byte by byte."""

    resources: Mapping[str, MCPResource] = field(default_factory=dict)
    """By the name that the directory gives them; no two that overlap are equally narrow."""

    tasks: Tasks | None = None
    """None where the server runs none, or does not bind them."""

    resource: str | None = None
    """What clients that run OAuth ask an issuer's token for; one for it counts here alone."""

    token: TokenMode = TokenMode.MINT
    routes: Routes = NO_ROUTES
    by_uri: ByUri = field(init=False, compare=False, repr=False)
    """Its resources, to be looked up."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_uri", ByUri.of(self.resources.values()))

    @property
    def namespace(self) -> str:
        """The namespace that owns it."""
        return self.name.partition("/")[0]

    @property
    def offers(self) -> Iterator[Offer]:
        """Everything that an agent may list."""
        yield from self.tools.values()
        yield from self.prompts.values()
        yield from self.resources.values()
        if self.tasks is not None:
            yield self.tasks
        yield from self.routes.listed.values()

    def offer_for(self, operation: Operation) -> Offer | None:
        """Give what *operation* asks for; None where nothing of the kind is declared."""
        match operation:
            case ToolCall(name):
                return self.tools.get(name)
            case PromptUse(name):
                return self.prompts.get(name)
            case ResourceUse(uri, completes=completes):
                found = self.by_uri.find(uri)
                return found or (self.by_uri.template(uri) if completes else None)
            case TaskUse(writes=writes):
                return self.tasks and replace(self.tasks, action="write" if writes else "read")
            case HttpCall(method, path):
                route = self.routes.find(method, path)
                return None if isinstance(route, PublicRoute) else route
        return None

    @property
    def identifier(self) -> str:
        """What it is called as an OAuth resource (RFC 8707, RFC 9728)."""
        return self.resource or self.audience

    def accepts(self, agent: str) -> bool:
        """Say whether *agent* (`namespace/name`) is among its declared callers."""
        return agent in self.callers or f"{agent.partition('/')[0]}/*" in self.callers


@dataclass(frozen=True, slots=True)
class Connection:
    """What one agent declares to want of one target."""

    to: str
    listed: Mapping[str, frozenset[str]]
    """Own names by member (`tools`), `ALL` among them for all that the target declares. Without
    any it is a connection for operation `session` alone."""

    def names(self, member: str) -> frozenset[str]:
        """Give what it lists of one kind of offers."""
        return self.listed.get(member, frozenset())

    def lists(self, offer: Offer) -> bool:
        """Say whether *offer*, of this connection's target, is on the agent's list."""
        return not self.names(offer.member).isdisjoint({ALL, offer.own_name})


@dataclass(frozen=True, slots=True)
class Agent:
    """A declared agent."""

    name: str
    lifecycle: Lifecycle
    spiffe_ids: frozenset[SpiffeId]
    clients: frozenset[tuple[str, str]]
    """Pairs of `Issuer` name and client id."""

    scopes: Scopes
    """Its ceiling, already within its `Cell`."""

    connections: Mapping[str, Connection]
    """By the target's name."""

    refusals: RefusalStyle
    audience: str | None
    """Where tokens for it are addressed to; None when nobody may call it."""

    subjects: SubjectForm
    """How `sub` is written in tokens for it."""

    @property
    def namespace(self) -> str:
        """The namespace that owns it."""
        return self.name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Gate:
    """This deployment."""

    trust_domains: frozenset[str]
    time_zone: str
    policy_headers: frozenset[str]
    """Lower-case names of the request headers that policies may read."""

    issuer_url: str
    keys_folder: str
    token_lifetime: int
    """Seconds, at most 300."""

    listeners: tuple[Listener, ...]
    records_file: str
    records_level: RecordLevel = RecordLevel.WRITTEN

    def listener(self, name: str) -> Listener | None:
        """Give the listener *name*; None where none is declared."""
        for each in self.listeners:
            if each.name == name:
                return each
        return None


def targets_by_host(targets: Iterable[Target]) -> dict[str, tuple[Target, ...]]:
    """Give each host's targets; they differ in their paths."""
    found: dict[str, tuple[Target, ...]] = {}
    for target in targets:
        for host in target.hosts:
            found[host] = (*found.get(host, ()), target)
    return found


@dataclass(frozen=True, slots=True)
class Directory:
    """All documents, compiled. Every mapping is total for the names it is keyed by."""

    gate: Gate
    issuers: Mapping[str, Issuer]
    """By name."""

    issuers_by_url: Mapping[str, Issuer]
    roles: Mapping[str, Role]
    roles_by_user: Mapping[str, tuple[Role, ...]]
    """By `<issuer>/<sub>`, for the users that a role names."""

    roles_by_group: Mapping[str, tuple[Role, ...]]
    """By `<issuer>/<group>`."""

    agents: Mapping[str, Agent]
    agents_by_spiffe: Mapping[SpiffeId, Agent]
    agents_by_client: Mapping[tuple[str, str], Agent]
    targets: Mapping[str, Target]
    """MCP servers, HTTP services, and agents that others may call."""

    targets_by_host: Mapping[str, tuple[Target, ...]]
    """By each of their `hosts`."""

    namespaces: frozenset[str]
    introspecting: Issuer | None = None
    """The one that is asked about tokens which do not say whose they are."""
