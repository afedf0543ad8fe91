"""What a document leaves out means the least, and what a Cell does not allow is not there."""

from __future__ import annotations

from typing import Any

import pytest

from authz.directory.compiled import Directory, Lifecycle, RefusalStyle
from authz.directory.diagnostics import Severity
from authz.directory.listening import MeshRestricted, MutualTLS, UnixSocket
from authz.directory.load import load_directory
from authz.directory.offers import ALL, SubjectRule
from authz.model.spiffe import SpiffeId
from tests.unit.directory.changes import changed, sound

HEAD = "apiVersion: narrowgate.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: bare{namespace}}}\n"

BARE_SERVER = "spec: {hosts: [bare.svc], path: /mcp, audience: 'https://bare.example'%s}\n"


def with_document(place: str, kind: str, spec: str, namespace: str | None = None) -> Directory:
    """Load the sound directory and one document more."""
    where = f", namespace: {namespace}" if namespace else ""
    head = HEAD.format(kind=kind, namespace=where)
    directory, _ = load_directory({**sound(), f"directory/{place}": (head + spec).encode()})
    return directory


def test_agent() -> None:
    """An agent that says nothing is quarantined, holds nothing and reaches nobody."""
    directory = with_document("ns/tools/bare.yaml", "Agent", "spec: {owner: o}\n", "tools")
    agent = directory.agents["tools/bare"]

    assert agent.lifecycle is Lifecycle.QUARANTINED
    assert (agent.scopes, agent.connections) == (frozenset(), {})
    assert (agent.spiffe_ids, agent.clients) == (frozenset(), frozenset())
    assert agent.audience is None
    assert agent.refusals is RefusalStyle.AUTO
    assert "tools/bare" not in directory.targets


def test_server() -> None:
    """A server that names no callers is called by nobody, and its sessions hold no scope."""
    directory = with_document("ns/tools/bare.yaml", "MCPServer", BARE_SERVER % "", "tools")
    server = directory.targets["tools/bare"]

    assert server.callers == frozenset()
    assert not any(server.accepts(agent) for agent in directory.agents)
    assert (server.session_scopes, server.tools) == (frozenset(), {})


def test_tool() -> None:
    """A tool that says nothing is taken for the worst: destructive, open, for users only."""
    spec = BARE_SERVER % ", tools: {t: {scopes: []}}"
    tool = with_document("ns/tools/bare.yaml", "MCPServer", spec, "tools").targets["tools/bare"]

    found = tool.tools["t"]

    assert (found.action, found.read_only, found.destructive) == ("write", False, True)
    assert (found.open_world, found.sensitivity) == (True, 5)
    assert found.subject is SubjectRule.REQUIRED
    assert (found.approval, found.untyped_ok, found.record) == (False, False, frozenset())
    assert found.input_schema == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("facts", "destructive"),
    [
        ("readOnly: true", False),
        ("readOnly: false", True),
        ("destructive: false", False),
        ("readOnly: true, destructive: true", True),
        ("action: read", True),
    ],
)
def test_destructive(facts: str, destructive: bool) -> None:  # noqa: FBT001 - data
    """Only what is read-only, or says so itself, is not destructive."""
    spec = BARE_SERVER % f", tools: {{t: {{scopes: [], {facts}}}}}"
    server = with_document("ns/tools/bare.yaml", "MCPServer", spec, "tools").targets["tools/bare"]

    assert server.tools["t"].destructive is destructive


def test_issuer() -> None:
    """An issuer without `mayAssert` asserts nothing, and no login of its is several factors."""
    says = "issuer: 'https://b.example', audiences: ['urn:a:b'], algorithms: [ES256]"
    spec = f"spec: {{{says}, keys: {{file: b}}}}\n"
    files = changed(
        {
            "name": "say subjects",
            "file": "ns/research/agents.yaml",
            "old": "  callers: [assistant]",
            "new": "  callers: [assistant]\n  token: {subjects: qualified}",
        }
    )
    head = HEAD.format(kind="Issuer", namespace="")
    directory, _ = load_directory({**files, "directory/global/bare.yaml": (head + spec).encode()})
    issuer = directory.issuers["bare"]

    assert issuer.groups == frozenset()
    assert issuer.scopes.within(frozenset({"docs:read", "", "*"})) == frozenset()
    assert issuer.acr_levels == {}
    assert (issuer.claims.groups, issuer.claims.acr, issuer.claims.amr) == (None, None, None)


def test_role() -> None:
    """A role without members is nobody's."""
    role = with_document("global/bare.yaml", "Role", "spec: {scopes: [a]}\n").roles["bare"]

    assert (role.groups, role.users) == (frozenset(), frozenset())


def test_connection_without_tools() -> None:
    """A connection that lists no tools is for operation `session` only."""
    directory, _ = load_directory(sound())
    connection = directory.agents["research/assistant"].connections["research/writer"]

    assert not any(map(connection.lists, directory.targets["tools/docs"].offers))
    assert connection.listed == {}


def test_star_is_all_that_is_declared() -> None:
    """`*` on an agent's list is every tool, and no tool is called `*`."""
    row = {
        "name": "star",
        "file": "ns/research/agents.yaml",
        "old": "[search, annotate]",
        "new": '["*"]',
    }
    directory, _ = load_directory(changed(row))
    connection = directory.agents["research/assistant"].connections["tools/docs"]

    assert all(map(connection.lists, directory.targets["tools/docs"].offers))
    assert connection.listed == {"tools": {ALL}}


def test_group_that_is_never_said() -> None:
    """A role's group that its issuer may not assert has no members: told, with the nearest one."""
    row = {"file": "global/roles.yaml", "old": "corp/operators", "new": "corp/operater"}

    found, *_ = load_directory(changed(row))[1]

    assert str(found).startswith(
        "directory/global/roles.yaml:4:18: warning: Issuer corp may not assert the group operater:"
        " nobody is in it (did you mean 'operators'?"
    )


CAPPED: tuple[tuple[dict[str, Any], str], ...] = (
    (
        {"file": "ns/research/agents.yaml", "old": '["docs:read"]', "new": '["docs:read", "x"]'},
        "directory/ns/research/agents.yaml:10:11: warning: Cell research does not allow x",
    ),
    (
        {
            "add": {
                "ns/research/role.yaml": HEAD.format(kind="Role", namespace=", namespace: research")
                + "spec: {members: [{user: corp/a}], scopes: [x, 'docs:read']}\n"
            }
        },
        "directory/ns/research/role.yaml:4:43: warning: Cell research does not allow x",
    ),
)


@pytest.mark.parametrize(("row", "warning"), CAPPED)
def test_cell_caps(row: dict[str, Any], warning: str) -> None:
    """What a namespace gives its agents and roles is cut to its Cell, and a warning says so."""
    directory, warnings = load_directory(changed({"name": "cap", **row}))

    (note,) = (each for each in warnings if "nothing decides" not in each.message)
    assert str(note).startswith(warning)
    assert note.severity is Severity.WARNING
    assert directory.agents["research/assistant"].scopes == {"docs:read"}
    assert all("x" not in role.scopes for role in directory.roles.values())


def test_without_a_cell_nothing() -> None:
    """A namespace without a Cell gives its agents and roles nothing at all."""
    spec = "spec: {owner: o, lifecycle: active, scopes: ['docs:read']}\n"
    directory = with_document("ns/nocell/bare.yaml", "Agent", spec, "nocell")

    assert directory.agents["nocell/bare"].scopes == frozenset()


def test_global_role_is_not_capped() -> None:
    """A role without a namespace is the platform's, so no Cell speaks of it."""
    assert load_directory(sound())[0].roles["operator"].scopes == {"docs:read"}


ENVOY = SpiffeId("example.org", "/envoy")
LISTENERS: tuple[tuple[str, object], ...] = (
    ('"unix:/run/a.sock"', UnixSocket("/run/a.sock")),
    (
        f'"[::]:9001", tls: {{certificate: a, key: b, clients: c}}, callers: {{spiffe: [{ENVOY}]}}',
        MutualTLS("[::]", 9001, "a", "b", "c", frozenset({ENVOY})),
    ),
    (
        '"0.0.0.0:9001", callers: {mesh: only the waypoint}',
        MeshRestricted("0.0.0.0", 9001, "only the waypoint"),
    ),
)


@pytest.mark.parametrize(("address", "compiled"), LISTENERS, ids=str)
def test_listeners_with_a_wall(address: str, compiled: object) -> None:
    """A socket, listed identities over mTLS, or a mesh declared in so many words."""
    row = {"name": "l", "file": "global/gate.yaml", "old": '"unix:run/out.sock"', "new": address}

    (listener,) = load_directory(changed(row))[0].gate.listeners

    assert listener.address == compiled


def test_callers() -> None:
    """A whole namespace, an agent by name, a bare name of the same namespace, and nobody else."""
    directory, _ = load_directory(sound())
    docs, writer = directory.targets["tools/docs"], directory.targets["research/writer"]

    assert docs.accepts("research/assistant")
    assert docs.accepts("research/writer")
    assert writer.accepts("research/assistant")
    for stranger in ("researcher/assistant", "tools/assistant", "tools/docs", "", "*", "tools/*"):
        assert not docs.accepts(stranger)
        assert not writer.accepts(stranger)
