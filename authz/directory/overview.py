"""What is declared, as people ask about it: who may call what, and which scopes a Cell cut away.

Only what the directory says. Policies may still forbid a call, or permit none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from authz.directory.compiled import Agent, Connection, Directory, Target, Tool
from authz.directory.diagnostics import Position
from authz.directory.documents import (
    AgentSpec,
    CellSpec,
    GateSpec,
    IssuerSpec,
    MCPServerSpec,
    RoleSpec,
)
from authz.directory.parse import Document
from authz.model.strict_json import JSON

TOOL = "Tool"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is declared."""

    kind: str
    """A document's kind, or `TOOL`."""

    name: str
    """Qualified, as in `authz.directory.compiled`."""

    place: Position
    facts: Mapping[str, JSON]
    """By name, in the order in which people read them."""


def overview(
    directory: Directory, documents: Iterable[Document], quarantined: Mapping[str, str]
) -> Iterator[Entry]:
    """
    Give an entry for every document of *directory*, and for every tool behind its server.

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
                for name, tool in sorted(target.tools.items()):
                    place = row.source.key_at("spec", "tools", name)
                    facts = _tool_facts(directory, target, tool)
                    why = quarantined.get(tool.name)
                    yield Entry(TOOL, tool.name, place, {"quarantined": why, **facts})
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
    tools = [tool for _, tool in sorted(target.tools.items()) if connection.lists(tool)]
    lacking: dict[str, JSON] = {
        tool.own_name: _sorted(tool.scopes - agent.scopes)
        for tool in tools
        if tool.scopes - agent.scopes
    }
    return {
        "target": target.name,
        "kind": str(target.kind),
        "accepted": target.accepts(agent.name),
        "tools": [tool.own_name for tool in tools],
        "lacking": lacking,
    }


def _target_facts(directory: Directory, target: Target) -> dict[str, JSON]:
    wanting = [
        each for _, each in sorted(directory.agents.items()) if target.name in each.connections
    ]
    return {
        "addresses": [f"{host}{target.path}" for host in sorted(target.hosts)],
        "audience": target.audience,
        "sessionScopes": _sorted(target.session_scopes),
        "tools": _sorted(target.tools),
        "accepts": _sorted(target.callers),
        "callers": [_caller(each) for each in wanting if target.accepts(each.name)],
        "notAccepted": _not_accepted(target, wanting),
    }


def _tool_facts(directory: Directory, target: Target, tool: Tool) -> dict[str, JSON]:
    wanting = [
        each
        for _, each in sorted(directory.agents.items())
        if (found := each.connections.get(target.name)) and found.lists(tool)
    ]
    properties = tool.input_schema.get("properties")
    return {
        "action": tool.action,
        "scopes": _sorted(tool.scopes),
        "subject": str(tool.subject),
        "readOnly": tool.read_only,
        "destructive": tool.destructive,
        "openWorld": tool.open_world,
        "sensitivity": tool.sensitivity,
        "approval": tool.approval,
        "arguments": _sorted(properties if isinstance(properties, dict) else ()),
        "callers": [_caller(each, tool) for each in wanting if target.accepts(each.name)],
        "notAccepted": _not_accepted(target, wanting),
    }


def _not_accepted(target: Target, wanting: Iterable[Agent]) -> list[JSON]:
    """Give the agents that declare a connection which the target does not."""
    return [each.name for each in wanting if not target.accepts(each.name)]


def _caller(agent: Agent, tool: Tool | None = None) -> JSON:
    lacks = tool.scopes - agent.scopes if tool else frozenset[str]()
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
