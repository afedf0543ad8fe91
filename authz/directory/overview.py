"""What is declared, as people ask about it: who may call what, and which scopes a Cell cut away.

Only what the directory says. Policies may still forbid a call, or permit none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from authz.directory.compiled import Agent, Connection, Directory, Target
from authz.directory.diagnostics import Position
from authz.directory.documents import AgentSpec, CellSpec, MCPServerSpec, RoleSpec
from authz.directory.gate_documents import GateSpec
from authz.directory.http_documents import HTTPServiceSpec
from authz.directory.issuer_documents import IssuerSpec
from authz.directory.offers import HTTPRoute, MCPResource, Offer, Prompt, Tasks, Tool
from authz.directory.parse import Document
from authz.model.strict_json import JSON

TOOL, PROMPT, RESOURCE, TASKS = "Tool", "Prompt", "MCPResource", "Tasks"
ROUTE = "HTTPRoute"

_MEMBERS = [each.member for each in (Tool, Prompt, MCPResource, HTTPRoute, Tasks)]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is declared."""

    kind: str
    """A document's kind, or that of something it offers."""

    name: str
    """Qualified, as in `authz.directory.compiled`."""

    place: Position
    facts: Mapping[str, JSON]
    """By name, in the order in which people read them."""


def overview(
    directory: Directory, documents: Iterable[Document], quarantined: Mapping[str, str]
) -> Iterator[Entry]:
    """
    Give an entry for every document of *directory*, and for what each target offers.

    Args:
        directory: What is declared.
        documents: The same as it is written.
        quarantined: Why, by the name of each tool that nobody can call.
    """
    rows = sorted(documents, key=lambda row: (row.kind, row.qualified))
    for row in rows:
        match row.spec:
            case AgentSpec() as spec:
                yield _entry(row, _agent_facts(directory, row, spec))
            case MCPServerSpec():
                target = directory.targets[row.qualified]
                yield _entry(row, _target_facts(directory, target))
                for offer in sorted(target.offers, key=_order):
                    yield _offered(directory, target, offer, row, quarantined)
            case HTTPServiceSpec() as spec:
                yield from _service(row, directory, spec)
            case IssuerSpec() as spec:
                yield _entry(row, _issuer_facts(directory, row.name, spec))
            case RoleSpec() as spec:
                yield _entry(row, _role_facts(directory, row, spec))
            case CellSpec() as spec:
                yield _entry(row, _cell_facts(row.name, spec, rows))
            case GateSpec() as spec:
                yield _entry(row, _gate_facts(spec))


def _entry(row: Document, facts: Mapping[str, JSON]) -> Entry:
    return Entry(row.kind, row.qualified, row.source.start, facts)


def _service(row: Document, directory: Directory, spec: HTTPServiceSpec) -> Iterator[Entry]:
    target = directory.targets[row.qualified]
    public = [f"{each.method} {each.path}" for each in spec.public]
    yield _entry(row, {**_target_facts(directory, target), "public": _sorted(public)})
    for index, route in enumerate(target.routes.listed.values()):
        place = row.source.at("spec", "routes", index)
        yield Entry(ROUTE, route.name, place, _offer_facts(directory, target, route))


def _order(offer: Offer) -> tuple[int, str]:
    return (_MEMBERS.index(offer.member), offer.own_name)


def _offered(
    directory: Directory,
    target: Target,
    offer: Offer,
    row: Document,
    quarantined: Mapping[str, str],
) -> Entry:
    path = (offer.member,) if isinstance(offer, Tasks) else (offer.member, offer.own_name)
    place = row.source.key_at("spec", *path)
    match offer:
        case Tool():
            why = quarantined.get(offer.name)
            facts = {"quarantined": why, **_tool_facts(directory, target, offer)}
            return Entry(TOOL, offer.name, place, facts)
        case Prompt():
            return Entry(PROMPT, offer.name, place, _offer_facts(directory, target, offer))
        case MCPResource(uri=uri):
            facts = {"uri": uri.text, **_offer_facts(directory, target, offer)}
            return Entry(RESOURCE, offer.name, place, facts)
        case HTTPRoute():
            return Entry(ROUTE, offer.name, place, _offer_facts(directory, target, offer))
        case Tasks():
            return Entry(TASKS, offer.name, place, _offer_facts(directory, target, offer))
        case other:
            assert_never(other)


def _agent_facts(directory: Directory, row: Document, spec: AgentSpec) -> dict[str, JSON]:
    agent = directory.agents[row.qualified]
    facts: dict[str, JSON] = {
        "lifecycle": str(agent.lifecycle),
        "owner": spec.owner,
        "identities": [
            *sorted(map(str, agent.spiffe_ids)),
            *(f"client {name} of {issuer}" for issuer, name in sorted(agent.clients)),
        ],
        "scopes": _sorted(agent.scopes),
        "capped": _capped(row, spec.scopes, agent.scopes),
        "calls": [_call(directory, agent, each) for _, each in sorted(agent.connections.items())],
    }
    target = directory.targets.get(row.qualified)
    return facts if target is None else {**facts, **_target_facts(directory, target)}


def _capped(row: Document, declared: Sequence[str], effective: frozenset[str]) -> JSON:
    """Give which of the declared scopes were cut away, and by which Cell."""
    dropped = _sorted(frozenset(declared) - effective)
    return {"by": f"Cell {row.namespace}", "scopes": dropped} if dropped else None


def _call(directory: Directory, agent: Agent, connection: Connection) -> JSON:
    """Give what *agent* may call there, and the scopes that it lacks for a tool."""
    target = directory.targets[connection.to]
    listed = [offer for offer in sorted(target.offers, key=_order) if connection.lists(offer)]
    lacking: dict[str, JSON] = {
        _label(offer): _sorted(offer.scopes - agent.scopes)
        for offer in listed
        if offer.scopes - agent.scopes
    }
    return {
        "target": target.name,
        "kind": str(target.kind),
        "accepted": target.accepts(agent.name),
        "tools": [_label(offer) for offer in listed if isinstance(offer, Tool)],
        "others": [_label(offer) for offer in listed if not isinstance(offer, Tool)],
        "lacking": lacking,
    }


def _label(offer: Offer) -> str:
    """Give the own name of a tool; what is none says what it is."""
    match offer:
        case Tool():
            return offer.own_name
        case Tasks():
            return offer.member
    return f"{offer.member.removesuffix('s')} {offer.own_name}"


def _target_facts(directory: Directory, target: Target) -> dict[str, JSON]:
    wanting = [
        each for _, each in sorted(directory.agents.items()) if target.name in each.connections
    ]
    return {
        "addresses": [f"{host}{target.path}" for host in sorted(target.hosts)],
        "audience": target.audience,
        "sessionScopes": _sorted(target.session_scopes),
        "tools": _sorted(target.tools),
        "prompts": _sorted(target.prompts),
        "resources": _sorted(target.resources),
        "tasks": target.tasks is not None,
        "routes": _sorted(target.routes.listed),
        "token": str(target.token),
        "accepts": _sorted(target.callers),
        "callers": [_caller(each) for each in wanting if target.accepts(each.name)],
        "notAccepted": _not_accepted(target, wanting),
    }


def _offer_facts(directory: Directory, target: Target, offer: Offer) -> dict[str, JSON]:
    wanting = [
        each
        for _, each in sorted(directory.agents.items())
        if (found := each.connections.get(target.name)) and found.lists(offer)
    ]
    return {
        "action": offer.action,
        "scopes": _sorted(offer.scopes),
        "subject": str(offer.subject),
        "callers": [_caller(each, offer) for each in wanting if target.accepts(each.name)],
        "notAccepted": _not_accepted(target, wanting),
    }


def _tool_facts(directory: Directory, target: Target, tool: Tool) -> dict[str, JSON]:
    facts = _offer_facts(directory, target, tool)
    properties = tool.input_schema.get("properties")
    return {
        **{name: facts[name] for name in ("action", "scopes", "subject")},
        "readOnly": tool.read_only,
        "destructive": tool.destructive,
        "openWorld": tool.open_world,
        "sensitivity": tool.sensitivity,
        "approval": tool.approval,
        "arguments": _sorted(properties if isinstance(properties, dict) else ()),
        **{name: facts[name] for name in ("callers", "notAccepted")},
    }


def _not_accepted(target: Target, wanting: Iterable[Agent]) -> list[JSON]:
    """Give the agents that declare a connection which the target does not."""
    return [each.name for each in wanting if not target.accepts(each.name)]


def _caller(agent: Agent, offer: Offer | None = None) -> JSON:
    lacks = offer.scopes - agent.scopes if offer else frozenset[str]()
    return {"agent": agent.name, "lifecycle": str(agent.lifecycle), "lacks": _sorted(lacks)}


def _issuer_facts(directory: Directory, name: str, spec: IssuerSpec) -> dict[str, JSON]:
    members = {
        role.name: sorted(each for each in role.groups | role.users if each.startswith(f"{name}/"))
        for role in directory.roles.values()
    }
    return {
        "issuer": spec.issuer,
        "audiences": _sorted(spec.audiences),
        "algorithms": _sorted(spec.algorithms),
        "keys": spec.keys.file or spec.keys.jwks_url or "discovered",
        "groups": _sorted(spec.may_assert.groups),
        "scopes": _sorted(spec.may_assert.scopes),
        "userScopes": spec.user_scopes,
        "roles": [role for role, who in sorted(members.items()) if who],
    }


def _role_facts(directory: Directory, row: Document, spec: RoleSpec) -> dict[str, JSON]:
    role = directory.roles[row.qualified]
    return {
        "groups": _sorted(role.groups),
        "users": _sorted(role.users),
        "scopes": _sorted(role.scopes),
        "capped": _capped(row, spec.scopes, role.scopes),
    }


def _cell_facts(name: str, spec: CellSpec, rows: Iterable[Document]) -> dict[str, JSON]:
    return {
        "owner": spec.owner,
        "maxScopes": _sorted(spec.max_scopes),
        "identities": [
            each if isinstance(each, str) else f"clients {', '.join(each.clients)} of {each.issuer}"
            for each in spec.identities
        ],
        "documents": [f"{row.kind} {row.qualified}" for row in rows if row.namespace == name],
    }


def _gate_facts(spec: GateSpec) -> dict[str, JSON]:
    return {
        "issuer": spec.issuer.url,
        "tokenLifetime": spec.issuer.token_lifetime,
        "trustDomains": _sorted(spec.trust_domains),
        "timeZone": spec.time_zone,
        "policyHeaders": _sorted(spec.policy_headers),
        "listeners": [
            f"{each.name} at {each.address}: {each.direction}, {each.identity}, {each.targets}"
            for each in spec.listeners
        ],
        "records": f"{spec.records.file} ({spec.records.level})",
    }


def _sorted(values: Iterable[str]) -> list[JSON]:
    return [*sorted(values)]
