"""Documents without mistakes to the look-ups that the rest of the package sees."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from authz.directory.compiled import (
    Agent,
    Connection,
    Directory,
    Gate,
    Issuer,
    Lifecycle,
    RecordLevel,
    RefusalStyle,
    Role,
    Target,
    TargetKind,
    TokenMode,
    targets_by_host,
)
from authz.directory.diagnostics import Diagnostic, InvalidWorld, Severity, nearest
from authz.directory.documents import AgentSpec, CellSpec, ConnectionSpec, MCPServerSpec, RoleSpec
from authz.directory.gate_documents import GateSpec
from authz.directory.http_documents import HTTPServiceSpec
from authz.directory.inputs import JsonFiles, mirrored_arguments, read_input
from authz.directory.issuer_documents import IssuerSpec
from authz.directory.issuers import compile_issuer
from authz.directory.listeners import compile_listener
from authz.directory.members import TargetTokenSpec
from authz.directory.offer_documents import PromptSpec, ResourceSpec, TasksSpec, ToolSpec
from authz.directory.offers import (
    HTTPRoute,
    MCPResource,
    Prompt,
    SubjectRule,
    Tasks,
    Tool,
    route_name,
)
from authz.directory.parse import Document
from authz.directory.references import Known, is_target, qualify
from authz.directory.routes import PublicRoute, Routes
from authz.directory.words import QUALIFIED, seconds
from authz.model.pointer import tokens_of
from authz.model.principals import SubjectForm
from authz.model.resource_uri import ResourceUri
from authz.model.scopes import NO_SCOPES, Scopes, format_scopes
from authz.model.spiffe import SpiffeId
from authz.model.strict_json import JSON

SpecKind = TypeVar("SpecKind")

LISTED = (Tool.member, Prompt.member, MCPResource.member, HTTPRoute.member, Tasks.member)
"""What a connection can list, and something decides by."""


class Compiler:
    """Compiles documents that passed the walls; collects warnings and the last mistakes."""

    def __init__(self, documents: Iterable[Document], files: Mapping[str, bytes]) -> None:
        self._documents = list(documents)
        self._files = JsonFiles(files)
        self._known = Known.of(self._documents)
        self._cells = {row.name: spec for row, spec in self._of(CellSpec)}
        self._connections: dict[Hashable, Connection] = {}
        """Agents that are alike share what they want of a target."""

        self._sets: dict[Scopes, Scopes] = {}
        """And what they may hold."""

        self.notes: list[Diagnostic] = []
        """Warnings, and mistakes inside a tool's input."""

    def directory(self) -> Directory:
        """Compile all documents."""
        agents = self.agents()
        issuers = {row.name: compile_issuer(row.name, spec) for row, spec in self._of(IssuerSpec)}
        roles = {row.qualified: self._role(row, spec, issuers) for row, spec in self._of(RoleSpec)}
        targets = self._targets()
        ((_, gate),) = self._of(GateSpec)
        return Directory(
            gate=_gate(gate),
            issuers=issuers,
            issuers_by_url={issuer.url: issuer for issuer in issuers.values()},
            roles=roles,
            roles_by_user=roles_by_member((role, role.users) for role in roles.values()),
            roles_by_group=roles_by_member((role, role.groups) for role in roles.values()),
            agents=agents,
            agents_by_spiffe={s: agent for agent in agents.values() for s in agent.spiffe_ids},
            agents_by_client={c: agent for agent in agents.values() for c in agent.clients},
            targets=targets,
            targets_by_host=targets_by_host(targets.values()),
            namespaces=self._known.namespaces,
            introspecting=next((each for each in issuers.values() if each.introspection), None),
        )

    def agents(self) -> dict[str, Agent]:
        """Compile the agents alone. All that counts beside them are their Cells, and issuers."""
        return {row.qualified: self._agent(row, spec) for row, spec in self._of(AgentSpec)}

    def _of(self, kind: type[SpecKind]) -> list[tuple[Document, SpecKind]]:
        return [(row, row.spec) for row in self._documents if isinstance(row.spec, kind)]

    def _capped(self, scopes: Iterable[str], row: Document) -> Scopes:
        """Cut *scopes* to what the namespace's Cell allows; without a Cell that is nothing."""
        wanted = frozenset(scopes)
        wanted = self._sets.setdefault(wanted, wanted)
        if row.namespace is None:
            return wanted
        cell = self._cells.get(row.namespace)
        dropped = wanted.difference(cell.max_scopes if cell else ())
        if not dropped:
            return wanted
        message = f"Cell {row.namespace} does not allow {format_scopes(dropped)}: left out"
        place = row.at("scopes")
        self.notes.append(Diagnostic(place, message, severity=Severity.WARNING))
        return wanted - dropped

    def _role(self, row: Document, spec: RoleSpec, issuers: Mapping[str, Issuer]) -> Role:
        groups = frozenset(member.group for member in spec.members if member.group)
        users = frozenset(member.user for member in spec.members if member.user)
        self._note_nobody(row, spec, issuers)
        return Role(row.qualified, groups, users, self._capped(spec.scopes, row))

    def _note_nobody(self, row: Document, spec: RoleSpec, issuers: Mapping[str, Issuer]) -> None:
        """Tell groups that no login says, for their issuer may not assert them."""
        for index, member in enumerate(spec.members):
            issuer, _, group = (member.group or "").partition("/")
            if group and group not in issuers[issuer].groups:
                place, hint = row.at("members", index), nearest(group, issuers[issuer].groups)
                message = f"Issuer {issuer} may not assert the group {group}: nobody is in it"
                self.notes.append(Diagnostic(place, message, hint, severity=Severity.WARNING))

    def _agent(self, row: Document, spec: AgentSpec) -> Agent:
        self._note_unused(row, spec)
        connections = [self._connection(row, each) for each in spec.connections]
        clients = [each.client for each in spec.identities if each.client]
        return Agent(
            name=row.qualified,
            lifecycle=Lifecycle(spec.lifecycle),
            spiffe_ids=frozenset(SpiffeId.parse(i.spiffe) for i in spec.identities if i.spiffe),
            clients=frozenset((client.issuer, client.id) for client in clients),
            scopes=self._capped(spec.scopes, row),
            connections={connection.to: connection for connection in connections},
            refusals=RefusalStyle(spec.refusals),
            audience=spec.audience,
            subjects=self._subjects(spec.token.subjects),
        )

    def _connection(self, row: Document, spec: ConnectionSpec) -> Connection:
        lists: Sequence[Sequence[str]] = (
            spec.tools,
            spec.prompts,
            spec.resources,
            spec.routes,
            spec.tasks,
        )
        to = qualify(spec.to, row.namespace)
        key = (to, *map(tuple, lists))
        if key not in self._connections:
            listed = zip(LISTED, map(frozenset[str], lists), strict=True)
            self._connections[key] = Connection(
                to, {member: names for member, names in listed if names}
            )
        return self._connections[key]

    def _note_unused(self, row: Document, spec: AgentSpec) -> None:
        """Warn of what is declared for calls of agents, which this version refuses."""
        members = {"skills": spec.skills, "handsOn": spec.hands_on}
        places = [row.at(name) for name, declared in members.items() if declared]
        places += [
            row.at("connections", index, name)
            for index, each in enumerate(spec.connections)
            for name, declared in (("skills", each.skills), ("handsOn", each.hands_on))
            if declared
        ]
        message = "nothing decides by this yet: calls to agents are refused by this version"
        self.notes.extend(Diagnostic(at, message, severity=Severity.WARNING) for at in places)

    def _subjects(self, declared: str | None) -> SubjectForm:
        """Give what a target says, or the one Issuer there is."""
        if declared == QUALIFIED:
            return SubjectForm(None)
        return SubjectForm(declared or next(iter(sorted(self._known.issuers)), ""))

    def _subjects_told(self, token: TargetTokenSpec) -> SubjectForm:
        """Give how a target is told its users: in headers they are always qualified."""
        return SubjectForm(None) if token.mode == "none" else self._subjects(token.subjects)

    def _targets(self) -> dict[str, Target]:
        servers = {row.qualified: self._server(row, spec) for row, spec in self._of(MCPServerSpec)}
        agents = {
            row.qualified: self._called_agent(row, spec)
            for row, spec in self._of(AgentSpec)
            if is_target(spec)
        }
        services = {
            row.qualified: self._service(row, spec) for row, spec in self._of(HTTPServiceSpec)
        }
        return servers | agents | services

    def _server(self, row: Document, spec: MCPServerSpec) -> Target:
        return Target(
            name=row.qualified,
            kind=TargetKind.MCP_SERVER,
            hosts=frozenset(spec.hosts),
            path=spec.path,
            audience=spec.audience,
            callers=frozenset(qualify(each, row.namespace) for each in spec.callers),
            subjects=self._subjects_told(spec.token),
            refusals=RefusalStyle(spec.refusals),
            session_scopes=frozenset(spec.session_scopes),
            tools={name: self._tool(row, name, tool) for name, tool in spec.tools.items()},
            prompts={name: _prompt(row, name, each) for name, each in spec.prompts.items()},
            resources={name: _resource(row, name, each) for name, each in spec.resources.items()},
            tasks=_tasks(row, spec.tasks) if spec.tasks else None,
            resource=spec.resource,
            token=TokenMode(spec.token.mode),
        )

    def _service(self, row: Document, spec: HTTPServiceSpec) -> Target:
        return Target(
            name=row.qualified,
            kind=TargetKind.HTTP_SERVICE,
            hosts=frozenset(spec.hosts),
            path="",
            audience=spec.audience,
            callers=frozenset(qualify(each, row.namespace) for each in spec.callers),
            subjects=self._subjects_told(spec.token),
            refusals=RefusalStyle(spec.refusals),
            session_scopes=NO_SCOPES,
            tools={},
            token=TokenMode(spec.token.mode),
            routes=_routes(row, spec),
        )

    def _called_agent(self, row: Document, spec: AgentSpec) -> Target:
        return Target(
            name=row.qualified,
            kind=TargetKind.AGENT,
            hosts=frozenset(spec.hosts),
            path=spec.path or "/",
            audience=spec.audience or "",
            callers=frozenset(qualify(each, row.namespace) for each in spec.callers),
            subjects=self._subjects(spec.token.subjects),
            refusals=RefusalStyle(spec.refusals),
            session_scopes=NO_SCOPES,
            tools={},
        )

    def _tool(self, row: Document, name: str, spec: ToolSpec) -> Tool:
        place = row.at("tools", name, "input")
        try:
            schema = read_input(spec.input, place, self._files)
            mirrored = mirrored_arguments(schema, place)
        except InvalidWorld as error:
            self.notes.extend(error.diagnostics)
            schema, mirrored = {}, {}
        else:
            self._note_records(row, name, spec, schema)
        return Tool(
            name=f"{row.qualified}/{name}",
            action=spec.action,
            scopes=frozenset(spec.scopes),
            read_only=spec.read_only,
            destructive=not spec.read_only if spec.destructive is None else spec.destructive,
            open_world=spec.open_world,
            sensitivity=spec.sensitivity,
            subject=SubjectRule(spec.subject),
            approval=spec.approval is not None,
            untyped_ok=spec.untyped is not None,
            input_schema=schema,
            mirrored=mirrored,
            record=frozenset(spec.record),
            place=row.source.key_at("spec", "tools", name),
        )

    def _note_records(
        self, row: Document, name: str, spec: ToolSpec, schema: Mapping[str, JSON]
    ) -> None:
        """Warn of a `record` that names no argument: what it should open would stay masked."""
        properties = schema.get("properties")
        known = frozenset(properties) if isinstance(properties, dict) else frozenset[str]()
        for index, pointer in enumerate(spec.record):
            argument = tokens_of(pointer)[0]
            if argument not in known:
                place, hint = row.at("tools", name, "record", index), nearest(argument, known)
                message = f"record: the tool has no argument {argument}"
                self.notes.append(Diagnostic(place, message, hint, Severity.WARNING))


def _prompt(row: Document, name: str, spec: PromptSpec) -> Prompt:
    subject = SubjectRule(spec.subject)
    return Prompt(f"{row.qualified}/{name}", frozenset(spec.scopes), subject)


def _resource(row: Document, name: str, spec: ResourceSpec) -> MCPResource:
    uri, subject = ResourceUri.parse(spec.uri), SubjectRule(spec.subject)
    return MCPResource(f"{row.qualified}/{name}", uri, frozenset(spec.scopes), subject)


def _tasks(row: Document, spec: TasksSpec) -> Tasks:
    return Tasks(row.qualified, frozenset(spec.scopes), SubjectRule(spec.subject))


def _routes(row: Document, spec: HTTPServiceSpec) -> Routes:
    declared = (
        HTTPRoute(
            name=f"{row.qualified}/{route_name(each.method, each.path)}",
            method=each.method,
            path=each.path,
            action=each.action,
            scopes=frozenset(each.scopes),
            subject=SubjectRule(each.subject),
        )
        for each in spec.routes
    )
    return Routes.of([*declared, *(PublicRoute(each.method, each.path) for each in spec.public)])


def _gate(spec: GateSpec) -> Gate:
    return Gate(
        trust_domains=frozenset(spec.trust_domains),
        time_zone=spec.time_zone,
        policy_headers=frozenset(spec.policy_headers),
        issuer_url=spec.issuer.url,
        keys_folder=spec.issuer.keys.folder,
        token_lifetime=seconds(spec.issuer.token_lifetime),
        listeners=tuple(map(compile_listener, spec.listeners)),
        records_file=spec.records.file,
        records_level=RecordLevel(spec.records.level),
    )


def roles_by_member(rows: Iterable[tuple[Role, Iterable[str]]]) -> dict[str, tuple[Role, ...]]:
    """Give each member's roles, from roles with their members."""
    found: dict[str, tuple[Role, ...]] = {}
    for role, members in rows:
        for member in members:
            found[member] = (*found.get(member, ()), role)
    return found
