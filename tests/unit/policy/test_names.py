"""`policy.names`: a rule on a name that nothing has is told, for it would never hold."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from cedarpy import policies_to_json_str

from authz.directory.diagnostics import Severity
from authz.directory.load import load_directory
from authz.policy.names import Names, unknown_names, unknown_scopes
from tests.unit.directory.changes import changed

NAMES = Names(
    entities={
        "Agent": frozenset({"research/assistant"}),
        "Group": frozenset({"corp/researchers"}),
        "MCPServer": frozenset({"tools/docs"}),
        "Namespace": frozenset({"research", "tools"}),
        "Role": frozenset({"research/researcher"}),
        "Tool": frozenset({"tools/docs/purge"}),
    },
    issuers=frozenset({"corp"}),
    arguments=frozenset({"path", "query"}),
    headers=frozenset({"x-request-source"}),
    scopes=frozenset({"docs:read", "docs:write"}),
)


def notes_of(text: str) -> Iterator[tuple[str, str, Severity]]:
    """Give the notes to one policy."""
    (policy,) = json.loads(policies_to_json_str(text))["staticPolicies"].values()
    yield from ((note.message, note.hint, note.severity) for note in unknown_names(policy, NAMES))


KNOWN = (
    'forbid (principal == Agent::"research/assistant", action, resource);',
    'forbid (principal in Group::"corp/researchers", action, resource in Namespace::"tools");',
    'forbid (principal, action, resource) when { principal == User::"corp/any/body" };',
    "forbid (principal, action, resource) when { context.input has path };",
    "forbid (principal, action, resource) when { context has input.query };",
    "forbid (principal, action, resource) when { context.session has agent };",
    "forbid (principal, action, resource) when { resource has approval };",
    'forbid (principal, action, resource) when { context.session.args.hasTag("/any/place") };',
    'forbid (principal, action, resource) when { context.session.args.hasTag("/a~0b/a~1b//0") };',
    'forbid (principal, action, resource) when { context.session.headers.hasTag("x-request-source") };',
    'forbid (principal, action in Action::"tools/call", resource is Tool);',
    'forbid (principal, action, resource) when { context.unknownArgs.containsAll(["/a"]) };',
    'forbid (principal, action, resource) when { principal.scopes.contains("docs:read") };',
    "forbid (principal, action, resource) when { context.session.args.hasTag(resource.name) };",
)

UNKNOWN: tuple[tuple[str, str, str, Severity], ...] = (
    ('principal == Agent::"research/asistant"', "the Agent research/asistant", "research/assistant", Severity.ERROR),
    ('principal == Agent::"assistant"', "the Agent assistant", "", Severity.ERROR),
    ('principal in Group::"corp/researcherz"', "may assert the group corp/researcherz", "corp/researchers", Severity.ERROR),
    ('principal in Group::"researchers"', "may assert the group researchers", "corp/researchers", Severity.ERROR),
    ('principal in Role::"researcher"', "the Role researcher", "research/researcher", Severity.ERROR),
    ('principal == User::"crop/alice"', "no Issuer crop", "corp", Severity.ERROR),
    ('principal == User::"alice"', "no Issuer alice", "", Severity.ERROR),
    ('resource in Namespace::"toolz"', "the Namespace toolz", "tools", Severity.ERROR),
    ('resource in MCPServer::"tools/dcos"', "the MCPServer tools/dcos", "tools/docs", Severity.ERROR),
    ('resource == Tool::"tools/docs/purg"', "the Tool tools/docs/purg", "tools/docs/purge", Severity.ERROR),
    ('principal is Agent in Namespace::"reserch"', "the Namespace reserch", "research", Severity.ERROR),
    ('[Role::"x"].contains(Role::"research/researcher")', "the Role x", "", Severity.ERROR),
    ("context.session has usr", "an attribute usr", "user", Severity.ERROR),
    ("principal has lifecyle", "an attribute lifecyle", "lifecycle", Severity.ERROR),
    ("context has inptu.path", "an attribute inptu", "input", Severity.ERROR),
    ('context.session.headers.hasTag("x-request-sorce")', "the header x-request-sorce", "x-request-source", Severity.ERROR),
    ('context.session.args.hasTag("cmd")', "'cmd' is no JSON Pointer", '"/cmd"', Severity.ERROR),
    ('context.unknownArgs.contains("extra/cmd")', "no JSON Pointer", '"/extra/cmd"', Severity.ERROR),
    ('context.untypedArgs.containsAny(["/a", "b"])', "'b' is no JSON Pointer", '"/b"', Severity.ERROR),
    ('context.session.args.hasTag("$.a.cmd")', "'$.a.cmd' is no JSON Pointer", '"/a/cmd"', Severity.ERROR),
    ('context.session.args.hasTag("/a~b")', "'/a~b' is no JSON Pointer", '"/a~0b"', Severity.ERROR),
    ('context.unknownArgs.contains("/a~")', "'/a~' is no JSON Pointer", '"/a~0"', Severity.ERROR),
    ('context.session.args.hasTag("")', "'' is no JSON Pointer", "", Severity.ERROR),
    ("context.input has pth", "an argument pth", "path", Severity.WARNING),
    ("context.input has where && context.input.where has lin", "an argument where", "", Severity.WARNING),
)  # fmt: skip


@pytest.mark.parametrize("text", KNOWN)
def test_known(text: str) -> None:
    """Names that are declared, and texts that only a request can tell, pass."""
    assert [*notes_of(text)] == []


@pytest.mark.parametrize(("condition", "says", "near", "severity"), UNKNOWN)
def test_unknown(condition: str, says: str, near: str, severity: Severity) -> None:
    """A name that nothing has is told, with the nearest one that something has."""
    found = [*notes_of(f"forbid (principal, action, resource) when {{ {condition} }};")]

    assert any(says in message and near in hint for message, hint, _ in found), found
    assert {each for _, _, each in found} == {severity}


def test_scopes() -> None:
    """A permit that gives what no tool requires is told; it gives nothing."""
    (note,) = unknown_scopes("docs:read docs:wrte", NAMES)

    assert "docs:wrte" in note.message
    assert "docs:write" in note.hint
    assert note.severity is Severity.WARNING


def test_scopes_of_a_session() -> None:
    """What a server wants for a session is required by something, as what a tool wants is."""
    row = {
        "name": "session",
        "file": "ns/tools/docs.yaml",
        "old": "  path: /mcp",
        "new": '  path: /mcp\n  sessionScopes: ["docs:session"]',
    }
    directory, _ = load_directory(changed(row))

    assert [*unknown_scopes("docs:session", Names.of(directory, ()))] == []
