"""A draft as the text of a world, for the real loaders: YAML with Cells, and Cedar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from authz.directory.load import load_directory
from authz.policy.load import load_policies
from authz.server.decision_point import DecisionPoint
from tests.laws.deciding import (
    DOCS,
    GATE,
    HOST,
    IDP,
    PASSIVE,
    ROLES,
    agent_host,
    agent_name,
    audience_of,
    policy_files,
    serving,
    spiffe_of,
)
from tests.laws.parties import AGENTS, NOBODY, Draft, RoleDraft, Scopes
from tests.support.values import replace

Document = dict[str, Any]


@dataclass(frozen=True)
class Written:
    """A draft as documents say it, and the walls that cap what it says."""

    draft: Draft
    team: Scopes
    """`maxScopes` of the Cell of the agents' namespace."""

    crew: Scopes | None
    """The same of a namespace that has roles only; None where it has no Cell."""

    @property
    def capped(self) -> Draft:
        """The draft as it counts: no agent and no role has more than its Cell allows."""
        return replace(
            self.draft,
            ceilings=tuple(scopes & self.team for scopes in self.draft.ceilings),
            roles=tuple(self._role(*row) for row in enumerate(self.draft.roles)),
        )

    def _role(self, number: int, role: RoleDraft) -> RoleDraft:
        is_walled = ROLES[number].startswith("crew/")
        return replace(role, scopes=role.scopes & (self.crew or NOBODY)) if is_walled else role


def load(written: Written) -> DecisionPoint:
    """Load the text of a world, as the server would."""
    directory, _ = load_directory(documents_of(written))
    # A policy on a group that no issuer may assert does not load; it would never hold.
    known = {f"group:{group}" for group in written.draft.may_assert_groups}
    rows = (row for row in written.draft.policies if row.who in known or "group:" not in row.who)
    policies, _ = load_policies(policy_files(tuple(rows)), directory)
    return serving(directory, policies)


def documents_of(written: Written) -> dict[str, bytes]:
    """Write the directory, a file a namespace."""
    draft = written.draft
    roles = [_role(*row) for row in enumerate(draft.roles)]
    crews = [role for role in roles if "namespace" in role["metadata"]]
    others = [role for role in roles if role not in crews]
    agents = [_agent(number, draft) for number in range(AGENTS)]
    files = {
        "global/all": [gate_of(draft), _issuer(draft), *_cells(written), *others],
        "ns/crew/roles": crews,
        "ns/team/agents": agents,
        "ns/tools/docs": [_server(draft)],
    }
    return files_of(files)


def files_of(documents: Mapping[str, list[Document]]) -> dict[str, bytes]:
    """Write documents as YAML, by the file that they lie in."""
    return {
        f"directory/{name}.yaml": yaml.dump_all(rows, Dumper=yaml.CSafeDumper).encode()
        for name, rows in documents.items()
    }


def document(kind: str, name: str, spec: Document) -> Document:
    """Write one document; `namespace/name`, or a name alone."""
    namespace, slash, bare = name.rpartition("/")
    metadata = {"name": bare, **({"namespace": namespace} if slash else {})}
    return {
        "apiVersion": "narrowgate.dev/v1alpha1",
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
    }


def gate_of(draft: Draft) -> Document:
    """Write the Gate."""
    listener = {"name": "out", "address": "unix:out", "direction": "out", "identity": "principal"}
    spec = {
        "trustDomains": ["example.org"],
        "issuer": {"url": GATE, "keys": {"folder": "k"}, "tokenLifetime": f"{draft.lifetime}s"},
        "listeners": [listener],
        "records": {"file": "r"},
    }
    return document("Gate", "default", spec)


def _issuer(draft: Draft) -> Document:
    asserts = {"groups": sorted(draft.may_assert_groups), "scopes": sorted(draft.may_assert)}
    spec = {
        "issuer": IDP,
        "audiences": [GATE],
        "algorithms": ["ES256"],
        "keys": {"file": "corp.json"},
        "claims": {"groups": "/groups"},
        "mayAssert": asserts,
        "userScopes": draft.scopes_by,
    }
    return document("Issuer", "corp", spec)


def _cells(written: Written) -> list[Document]:
    claims = {"identities": ["spiffe://example.org/ns/team/"]}
    walls: Mapping[str, tuple[Scopes | None, Document]] = {
        "team": (written.team, claims),
        "crew": (written.crew, {}),
    }
    return [
        document("Cell", name, {"owner": "a", "maxScopes": sorted(scopes), **more})
        for name, (scopes, more) in walls.items()
        if scopes is not None
    ]


def _role(number: int, role: RoleDraft) -> Document:
    groups = [{"group": f"corp/{group}"} for group in sorted(role.groups)]
    users = [{"user": f"corp/{user}"} for user in sorted(role.users)]
    spec = {"members": [*groups, *users], "scopes": sorted(role.scopes)}
    return document("Role", ROLES[number], spec)


def _agent(number: int, draft: Draft) -> Document:
    listed = {"tools": ["act"]} if number in draft.listed else {}
    spec = {
        "owner": "a",
        "lifecycle": "active" if number in draft.active else str(PASSIVE[number % 3]),
        "identities": [{"spiffe": str(spiffe_of(number))}],
        "scopes": sorted(draft.ceilings[number]),
        "connections": [{"to": "tools/docs", **listed}],
        "audience": audience_of(number),
        "hosts": [agent_host(number)],
        "path": "/",
        "token": {"subjects": "qualified"},
    }
    return document("Agent", agent_name(number), spec)


def _server(draft: Draft) -> Document:
    tool = {"scopes": sorted(draft.required), "input": {"type": "object", "properties": {}}}
    spec = {
        "hosts": [HOST],
        "path": "/mcp",
        "audience": DOCS,
        "callers": [agent_name(number) for number in sorted(draft.accepted)],
        "token": {"subjects": "corp" if draft.plain_subjects else "qualified"},
        "tools": {"act": tool},
    }
    return document("MCPServer", "tools/docs", spec)
