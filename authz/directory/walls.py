"""Walls between documents: where each may lie, and what belongs to one document alone."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from authz.directory.diagnostics import Diagnostic, Position, nearest
from authz.directory.documents import AgentIdentity, AgentSpec, CellSpec, ClientClaim, MCPServerSpec
from authz.directory.gate_documents import GateSpec
from authz.directory.http_documents import HTTPServiceSpec
from authz.directory.issuer_documents import IssuerSpec
from authz.directory.parse import Document
from authz.directory.reader import Path
from authz.directory.references import Known
from authz.directory.words import LABEL, QUALIFIED
from authz.model.spiffe import SpiffeId

GLOBAL = "directory/global/"
NAMESPACES = "directory/ns/"
NAME, NAMESPACE = ("metadata", "name"), ("metadata", "namespace")
GLOBAL_ONLY = frozenset({"Gate", "Issuer", "Cell"})
NAMESPACED_ONLY = frozenset({"Agent", "MCPServer", "HTTPService"})


def place_mistakes(document: Document) -> Iterator[Diagnostic]:
    """Check that *document* lies where documents of its kind and namespace may lie."""
    file, namespace = document.source.start.file, document.namespace
    if document.kind in GLOBAL_ONLY and namespace is not None:
        where = document.source.at(*NAMESPACE)
        yield Diagnostic(where, f"{document.kind} documents have no namespace")
    elif document.kind in NAMESPACED_ONLY and namespace is None:
        where = document.source.at(*NAMESPACE)
        yield Diagnostic(where, f"{document.kind} {document.name} lacks a namespace")
    elif namespace is None and not file.startswith(GLOBAL):
        hint = f"it loads only from {GLOBAL}"
        yield Diagnostic(
            document.source.start, f"{document.kind} {document.name} has no namespace", hint
        )
    elif namespace is not None and not file.startswith(f"{NAMESPACES}{namespace}/"):
        where = document.source.at(*NAMESPACE)
        message = f"a document of namespace {namespace} does not load from here"
        yield Diagnostic(where, message, f"it loads only from {NAMESPACES}{namespace}/")


def folder_mistake(file: str) -> Diagnostic | None:
    """Check that *file* lies in a folder that is read at all."""
    if file.startswith(GLOBAL):
        return None
    inner = file.removeprefix(NAMESPACES)
    if inner != file and "/" in inner and LABEL.fullmatch(inner.partition("/")[0]):
        return None
    hint = f"documents load from {GLOBAL} and {NAMESPACES}<namespace>/"
    return Diagnostic(Position(file), "nothing is read from this folder", hint)


def sole_owner_mistakes(documents: Iterable[Document]) -> Iterator[Diagnostic]:
    """Check that names, identities, audiences, addresses and issuers have one owner each."""
    owners: dict[Hashable, tuple[Document, Path]] = {}
    for document in documents:
        for what, key, path in _claims(document):
            owner, first = owners.setdefault((what, key), (document, path))
            if owner is not document or first != path:
                message = f"the {what} {_shown(key)} is claimed twice"
                hint = f"{owner.qualified} has it: {owner.source.at(*first)}"
                yield Diagnostic(document.source.at(*path), message, hint)


def _shown(key: Hashable) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _claims(document: Document) -> Iterator[tuple[str, Hashable, Path]]:
    """Give what *document* claims: what it is, which one, and at which path it says so."""
    yield "name", (document.kind, document.qualified), NAME
    match document.spec:
        case GateSpec() as gate:
            yield "Gate", "of this deployment", NAME
            yield "issuer URL", gate.issuer.url, ("spec", "issuer", "url")
            for index, listener in enumerate(gate.listeners):
                yield "listener", listener.name, ("spec", "listeners", index, "name")
                yield "address", listener.address, ("spec", "listeners", index, "address")
        case IssuerSpec() as issuer:
            yield "issuer URL", issuer.issuer, ("spec", "issuer")
        case CellSpec() as cell:
            yield from _cell_claims(cell)
        case AgentSpec() as agent:
            yield from _agent_claims(agent, document)
            yield from _target_claims(agent)
        case MCPServerSpec() as server:
            yield "target", document.qualified, NAME
            yield from _target_claims(server)
        case HTTPServiceSpec() as service:
            yield "target", document.qualified, NAME
            yield from _target_claims(service)


def _cell_claims(cell: CellSpec) -> Iterator[tuple[str, Hashable, Path]]:
    for index, identity in enumerate(cell.identities):
        place = ("spec", "identities", index)
        if isinstance(identity, str):
            yield "identities below", identity, place
        else:
            for client in identity.clients:
                yield "client of a Cell", (identity.issuer, client), place
    for index, resource in enumerate(cell.resources):
        yield "resource of a Cell", comparable(resource), ("spec", "resources", index)


def _agent_claims(agent: AgentSpec, document: Document) -> Iterator[tuple[str, Hashable, Path]]:
    for index, identity in enumerate(agent.identities):
        place = ("spec", "identities", index)
        if identity.spiffe is not None:
            yield "identity", identity.spiffe, place
        if identity.client is not None:
            yield "client", (identity.client.issuer, identity.client.id), place
    if agent.hosts:
        yield "target", document.qualified, NAME


def _target_claims(
    target: AgentSpec | MCPServerSpec | HTTPServiceSpec,
) -> Iterator[tuple[str, Hashable, Path]]:
    for name, audience in _addressed(target):
        yield "audience", comparable(audience), ("spec", name)
    for bare, path in _bare_hosts(target):
        if not isinstance(target, HTTPServiceSpec):
            yield "host and path", (bare, target.path), path


def _bare_hosts(
    target: AgentSpec | MCPServerSpec | HTTPServiceSpec,
) -> Iterator[tuple[str, Path]]:
    """Give each host once: a request names it with or without its port, so they are one."""
    spelt: dict[str, str] = {}
    for index, host in enumerate(target.hosts):
        bare = host.partition(":")[0]
        if spelt.setdefault(bare, host) == host:
            yield bare, ("spec", "hosts", index)


def whole_host_mistakes(documents: Sequence[Document]) -> Iterator[Diagnostic]:
    """Check that nothing else stands on a host of an HTTP service: its paths are all its own."""
    owners: dict[str, tuple[Document, Path]] = {}
    for document in sorted(documents, key=lambda row: not isinstance(row.spec, HTTPServiceSpec)):
        if not isinstance(document.spec, (AgentSpec, MCPServerSpec, HTTPServiceSpec)):
            continue
        is_whole = isinstance(document.spec, HTTPServiceSpec)
        for host, path in _bare_hosts(document.spec):
            if host in owners:
                owner, first = owners[host]
                message = f"the host {host} is an HTTPService's, whatever the path"
                hint = f"{owner.qualified} has it: {owner.source.at(*first)}"
                yield Diagnostic(document.source.at(*path), message, hint)
            elif is_whole:
                owners[host] = document, path


def comparable(audience: str) -> str:
    """Give what two audiences share that a careless reader could take for one another."""
    parts = urlsplit(audience)
    address = f"{parts.scheme}://{parts.netloc}".lower()
    query = f"?{parts.query}" if parts.query else ""
    return f"{address}{parts.path.rstrip('/')}{query}" if parts.netloc else audience


def audience_mistakes(documents: Sequence[Document]) -> Iterator[Diagnostic]:
    """Check that no target is addressed as we are, or as an identity provider is."""
    taken: dict[str, str] = {}
    for document in documents:
        match document.spec:
            case GateSpec() as gate:
                taken[comparable(gate.issuer.url)] = "the Gate's issuer"
            case IssuerSpec() as issuer:
                for audience in (issuer.issuer, *issuer.audiences):
                    taken[comparable(audience)] = f"Issuer {document.name}"
    for document in documents:
        if not isinstance(document.spec, (AgentSpec, MCPServerSpec, HTTPServiceSpec)):
            continue
        for name, audience in _addressed(document.spec):
            owner = taken.get(comparable(audience))
            if owner is not None:
                hint = "give the target one of its own"
                yield Diagnostic(document.at(name), f"the {name} is that of {owner}", hint)


def _addressed(
    target: AgentSpec | MCPServerSpec | HTTPServiceSpec,
) -> Iterator[tuple[str, str]]:
    """Give what tokens for *target* are addressed to, by member; the same twice counts once."""
    if target.audience is not None:
        yield "audience", target.audience
    resource = target.resource if isinstance(target, MCPServerSpec) else None
    if resource is not None and comparable(resource) != comparable(target.audience or ""):
        yield "resource", resource


def cell_mistakes(documents: Sequence[Document], known: Known) -> Iterator[Diagnostic]:
    """Check that Cells claim apart, that agents keep to theirs, and that names are free."""
    cells = {row.name: row.spec for row in documents if isinstance(row.spec, CellSpec)}
    prefixes: list[tuple[str, str]] = []
    for document in documents:
        match document.spec:
            case CellSpec() as cell:
                yield from _overlap_mistakes(cell, document, prefixes)
            case AgentSpec() as agent if document.namespace not in known.cells - cells.keys():
                own = cells.get(document.namespace or "")
                yield from _identity_mistakes(agent, document, own)
            case MCPServerSpec() as server if document.namespace not in known.cells - cells.keys():
                own = cells.get(document.namespace or "")
                yield from _resource_mistakes(server, document, own)
            case IssuerSpec() if document.name == QUALIFIED:
                place = document.source.at("metadata", "name")
                yield Diagnostic(place, f"no Issuer may be named {QUALIFIED}")


def trust_domain_mistakes(documents: Iterable[Document], gate: GateSpec) -> Iterator[Diagnostic]:
    """Check that Cells claim identities of the Gate's trust domains only."""
    for document in documents:
        if not isinstance(document.spec, CellSpec):
            continue
        for index, prefix in enumerate(document.spec.identities):
            if not isinstance(prefix, str):
                continue
            domain = SpiffeId.parse(prefix[:-1]).trust_domain
            if domain not in gate.trust_domains:
                hint = nearest(domain, gate.trust_domains)
                place = document.at("identities", index)
                yield Diagnostic(
                    place, f"the Gate does not declare the trust domain {domain}", hint
                )


def _overlap_mistakes(
    cell: CellSpec, document: Document, prefixes: list[tuple[str, str]]
) -> Iterator[Diagnostic]:
    for index, prefix in enumerate(cell.identities):
        if not isinstance(prefix, str):
            continue
        for owner, other in prefixes:
            if prefix != other and (prefix.startswith(other) or other.startswith(prefix)):
                place = document.at("identities", index)
                yield Diagnostic(place, f"{prefix} overlaps {other} of Cell {owner}")
        prefixes.append((document.name, prefix))


def _identity_mistakes(
    agent: AgentSpec, document: Document, cell: CellSpec | None
) -> Iterator[Diagnostic]:
    for index, identity in enumerate(agent.identities):
        if cell is None:
            place = document.at("identities", index)
            message = f"namespace {document.namespace} has no Cell, so it has no identities"
            yield Diagnostic(place, message, f"declare a Cell {document.namespace} in {GLOBAL}")
        elif not _is_inside(identity, cell):
            place = document.at("identities", index)
            message = f"the identity is outside what Cell {document.namespace} may claim"
            claims = [each for each in cell.identities if isinstance(each, str)]
            hint = f"it may claim what is below {', '.join(claims)}" if claims else ""
            yield Diagnostic(place, message, hint)


def _resource_mistakes(
    server: MCPServerSpec, document: Document, cell: CellSpec | None
) -> Iterator[Diagnostic]:
    """Check that a server names no resource of others, for tokens for it count there."""
    if server.resource is None:
        return
    claims = cell.resources if cell else []
    if not any(_is_below(server.resource, claim) for claim in claims):
        message = f"the resource is outside what Cell {document.namespace} may claim"
        hint = f"its resources are {', '.join(claims)}" if claims else "list it in its resources"
        yield Diagnostic(document.at("resource"), message, hint)


def _is_below(resource: str, claim: str) -> bool:
    own, wall = comparable(resource), comparable(claim)
    return own == wall or own.startswith(f"{wall}/")


def _is_inside(identity: AgentIdentity, cell: CellSpec) -> bool:
    return any(_covers(claim, identity) for claim in cell.identities)


def _covers(claim: str | ClientClaim, identity: AgentIdentity) -> bool:
    if isinstance(claim, str):
        return identity.spiffe is not None and identity.spiffe.startswith(claim)
    client = identity.client
    return client is not None and client.issuer == claim.issuer and client.id in claim.clients
