"""References between documents: each names something that exists, or the nearest that does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from authz.directory.diagnostics import Diagnostic, nearest
from authz.directory.documents import (
    AgentSpec,
    CellSpec,
    ConnectionSpec,
    MCPServerSpec,
    RoleSpec,
)
from authz.directory.http_documents import HTTPServiceSpec
from authz.directory.members import TargetTokenSpec, TokenSpec
from authz.directory.offers import ALL, route_name
from authz.directory.parse import Document, Outline
from authz.directory.reader import Path
from authz.directory.words import QUALIFIED


def qualify(reference: str, namespace: str | None) -> str:
    """Give `namespace/name` for a reference that may be a bare name of *namespace*."""
    return reference if "/" in reference else f"{namespace}/{reference}"


@dataclass(frozen=True, slots=True)
class Offers:
    """What a target declares that a connection may list, by the connection's member."""

    kind: str
    tools: frozenset[str] = frozenset()
    prompts: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    routes: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()

    @classmethod
    def of(cls, document: Document) -> Offers:
        """Give what *document* offers."""
        match document.spec:
            case MCPServerSpec() as server:
                return cls(
                    document.kind,
                    tools=frozenset(server.tools),
                    prompts=frozenset(server.prompts),
                    resources=frozenset(server.resources),
                    tasks=frozenset({ALL} if server.tasks else ()),
                )
            case AgentSpec() as agent:
                return cls(document.kind, skills=frozenset(agent.skills))
            case HTTPServiceSpec() as service:
                routes = (route_name(each.method, each.path) for each in service.routes)
                return cls(document.kind, routes=frozenset(routes))
        return cls(document.kind)


MAY_BE_TARGETS = frozenset({"Agent", "MCPServer", "HTTPService"})
LISTS = ("tools", "prompts", "resources", "tasks", "skills", "routes", "models")


@dataclass(frozen=True, slots=True)
class Known:
    """The names that references may use."""

    agents: frozenset[str]
    targets: dict[str, Offers | None]
    """Targets, with what they offer; None where the document is broken."""

    issuers: frozenset[str]
    cells: frozenset[str]
    namespaces: frozenset[str]

    @classmethod
    def of(cls, documents: Iterable[Document], broken: Iterable[Outline] = ()) -> Known:
        """Collect the names that *documents* declare, and those that *broken* ones seem to."""
        sound, outlines = list(documents), list(broken)
        rows: list[Document | Outline] = [*sound, *outlines]
        targets: dict[str, Offers | None] = {
            row.qualified: None for row in outlines if row.kind in MAY_BE_TARGETS
        }
        for row in sound:
            if is_target(row.spec):
                targets[row.qualified] = Offers.of(row)
        cells = frozenset(row.name for row in rows if row.kind == "Cell")
        return cls(
            agents=frozenset(row.qualified for row in rows if row.kind == "Agent"),
            targets=targets,
            issuers=frozenset(row.name for row in rows if row.kind == "Issuer"),
            cells=cells,
            namespaces=cells | {row.namespace for row in rows if row.namespace},
        )


def is_target(spec: object) -> bool:
    """Say whether a document is something that Envoy can route to."""
    if isinstance(spec, AgentSpec):
        return bool(spec.hosts)
    return isinstance(spec, (MCPServerSpec, HTTPServiceSpec))


def reference_mistakes(document: Document, known: Known) -> Iterator[Diagnostic]:
    """Check every reference of *document*."""
    match document.spec:
        case RoleSpec() as role:
            for index, member in enumerate(role.members):
                issuer = (member.group or member.user or "").partition("/")[0]
                yield from _issuer(issuer, document, ("members", index), known)
        case CellSpec() as cell:
            for index, identity in enumerate(cell.identities):
                if not isinstance(identity, str):
                    path = ("identities", index, "issuer")
                    yield from _issuer(identity.issuer, document, path, known)
        case AgentSpec() as agent:
            yield from chain(_agent(agent, document, known), _target(agent, document, known))
        case (MCPServerSpec() | HTTPServiceSpec()) as target:
            yield from _target(target, document, known)


def _agent(agent: AgentSpec, document: Document, known: Known) -> Iterator[Diagnostic]:
    for index, identity in enumerate(agent.identities):
        if identity.client is not None:
            path = ("identities", index, "client", "issuer")
            yield from _issuer(identity.client.issuer, document, path, known)
    seen: set[str] = set()
    for index, connection in enumerate(agent.connections):
        yield from _connection(index, connection, document, known)
        to = qualify(connection.to, document.namespace)
        if to in seen:
            place = document.at("connections", index, "to")
            yield Diagnostic(place, f"there are two connections to {to}", "make them one")
        seen.add(to)
    callable_members = (agent.audience, agent.path, agent.hosts)
    if any(callable_members) and not all(callable_members):
        message = "an agent that others call has hosts, path and audience; all three or none"
        yield Diagnostic(document.source.at("metadata", "name"), message)


def _connection(
    index: int, connection: ConnectionSpec, document: Document, known: Known
) -> Iterator[Diagnostic]:
    to = qualify(connection.to, document.namespace)
    if to not in known.targets:
        place = document.at("connections", index, "to")
        yield Diagnostic(place, f"no document declares the target {to}", nearest(to, known.targets))
        return
    offers = known.targets[to]
    if offers is None:
        return
    for member in LISTS:
        offered, wanted = getattr(offers, member), getattr(connection, member)
        for row, name in enumerate(wanted):
            if name == ALL and not offered:
                place = document.at("connections", index, member, row)
                yield Diagnostic(place, f"{to} is an {offers.kind} and has no {member}")
            elif name != ALL and name not in offered:
                place, what = document.at("connections", index, member, row), member[:-1]
                yield Diagnostic(place, f"{to} declares no {what} {name}", nearest(name, offered))


def _target(
    target: AgentSpec | MCPServerSpec | HTTPServiceSpec, document: Document, known: Known
) -> Iterator[Diagnostic]:
    for index, caller in enumerate(target.callers):
        namespace, _, name = caller.partition("/")
        if name == ALL:
            if namespace not in known.namespaces:
                place = document.at("callers", index)
                hint = nearest(namespace, known.namespaces)
                yield Diagnostic(place, f"there is no namespace {namespace}", hint)
            continue
        agent = qualify(caller, document.namespace)
        if agent not in known.agents:
            place = document.at("callers", index)
            hint = nearest(agent, known.agents)
            yield Diagnostic(place, f"no document declares the agent {agent}", hint)
    if is_target(target):
        yield from _subjects(target.token, document, known)


def _subjects(
    token: TokenSpec | TargetTokenSpec, document: Document, known: Known
) -> Iterator[Diagnostic]:
    path = ("token", "subjects")
    if token.mode == "none":
        if token.subjects is not None:
            message = "there is no token that subjects could be written in"
            hint = "x-narrowgate-user is always issuer/sub"
            yield Diagnostic(document.at(*path), message, hint)
    elif token.subjects is None:
        if len(known.issuers) != 1:
            message = "with several Issuers a target says token.subjects"
            hint = f"token: {{subjects: {QUALIFIED}}}, or the Issuer whose plain sub it understands"
            yield Diagnostic(document.at(*path), message, hint)
    elif token.subjects != QUALIFIED:
        yield from _issuer(token.subjects, document, path, known)


def _issuer(name: str, document: Document, path: Path, known: Known) -> Iterator[Diagnostic]:
    if name not in known.issuers:
        hint = nearest(name, known.issuers)
        yield Diagnostic(document.at(*path), f"there is no Issuer {name}", hint)
