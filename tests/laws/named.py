"""Worlds whose names are drawn so that careless joining would mix them up.

Parts of one name stand in another, with slashes, colons and quotes wherever a
name may have them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.laws.deciding import EMPTY
from tests.laws.drafts import drawn_from, subsets
from tests.laws.texts import Document, document, files_of, gate_of

LABELS = ("a", "b", "a-a")
NAMES = (
    "a",
    "b",
    "a/a",
    "a/b",
    "/",
    ":",
    "a:b",
    '"',
    '\\"',
    "tools/call",
    "a::b",
    "A",
    "é",
    "e\u0301",
)
"""What users, groups and tools may be called beside labels."""

labels = drawn_from(subsets(LABELS)[1:])
pairs = drawn_from(subsets([(space, name) for space in LABELS[:2] for name in LABELS])[1:])
names = st.frozensets(st.sampled_from(NAMES), min_size=1, max_size=4)
texts = st.text(alphabet='ab/:"\\.@ A\u00e9\u0301\u4e00', min_size=1, max_size=6)


@dataclass(frozen=True)
class Named:
    """What a world declares, each thing by the parts of its name."""

    issuers: frozenset[str]
    groups: frozenset[str]
    """Of every issuer."""

    users: frozenset[str]
    """`sub` in tokens of every issuer."""

    roles: frozenset[str]
    """In no namespace."""

    spaced_roles: frozenset[tuple[str, str]]
    agents: frozenset[tuple[str, str]]
    servers: frozenset[tuple[str, str]]
    tools: frozenset[str]
    """Of every server."""


named = st.builds(
    Named,
    issuers=labels,
    groups=names,
    users=st.one_of(names, st.frozensets(texts, min_size=1, max_size=3)),
    roles=labels,
    spaced_roles=pairs,
    agents=pairs,
    servers=pairs,
    tools=st.one_of(names, st.frozensets(texts, min_size=1, max_size=4)),
)


def documents_of(world: Named) -> dict[str, bytes]:
    """Write the world; every group has every role."""
    files: dict[str, list[Document]] = {"global/all": [gate_of(EMPTY), *_issuers(world)]}
    for kind, name, spec in _spaced(world):
        space = name.rpartition("/")[0]
        file = files.setdefault(f"ns/{space}/all" if space else "global/all", [])
        file.append(document(kind, name, spec))
    return files_of(files)


def _issuers(world: Named) -> Iterator[Document]:
    for name in sorted(world.issuers):
        spec = {
            "issuer": f"https://{name}.example",
            "audiences": ["https://gate.example.org"],
            "algorithms": ["ES256"],
            "keys": {"file": "k"},
            "claims": {"groups": "/groups"},
            "mayAssert": {"groups": sorted(world.groups)},
        }
        yield document("Issuer", name, spec)


def _spaced(world: Named) -> Iterator[tuple[str, str, Document]]:
    members = [{"group": f"{name}/{group}"} for name in world.issuers for group in world.groups]
    for role in (*world.roles, *map("/".join, world.spaced_roles)):
        yield "Role", role, {"members": members, "scopes": []}
    for agent in map("/".join, world.agents):
        yield "Agent", agent, {"owner": "o"}
    for space, name in world.servers:
        spec = {
            "hosts": [f"{name}.{space}.svc"],
            "path": "/",
            "audience": f"https://{name}.{space}.example",
            "token": {"subjects": "qualified"},
            "tools": {tool: {"scopes": []} for tool in world.tools},
        }
        yield "MCPServer", f"{space}/{name}", spec
