"""What surrounds the hostile requests of `tests/hostile/traps`: Envoy's own face, and documents."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from authz.directory.diagnostics import InvalidWorld
from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from authz.sources.declared import read_declared
from tests.support.cases import case_named
from tests.support.edge import Edge, running_edge
from tests.support.values import replace
from tests.support.worlds import load_world, prepare_home


def test_nobody_else_administers_envoy(edge: Edge) -> None:
    """Envoy's admin face is a socket for its own user; on a port an agent could stop Envoy."""
    admin = edge.folder / "envoy" / "admin.sock"

    assert stat.S_IMODE(admin.stat().st_mode) == 0o600


def test_namespace_claims_anothers_identity(tmp_path: Path) -> None:
    """A namespace that claims another's SPIFFE ID does not load, and is told where."""
    home = prepare_home(tmp_path)
    _append(home / "directory/ns/reports/agents.yaml", THIEF)

    with pytest.raises(InvalidWorld) as raised:
        read_declared(home)

    (mistake, twice) = raised.value.diagnostics
    assert "directory/ns/reports/agents.yaml:47:16:" in str(mistake)
    assert "outside what Cell reports may claim" in str(mistake)
    assert "is claimed twice" in str(twice)


def test_namespace_raises_a_user_by_its_own_role(
    decision_point: DecisionPoint, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A namespace's Role gives its members nothing beyond its Cell: rita still cannot write."""
    home = prepare_home(tmp_path)
    _append(home / "directory/ns/reports/roles.yaml", RAISE)
    world, keys = load_world(home)
    raised = replace(decision_point, worlds=CurrentWorld(world, keys))

    with running_edge(raised, tmp_path_factory.mktemp("raised")) as edge:
        _, seen, record = edge.send(case_named("user-never"))

    warnings = "\n".join(map(str, read_declared(home).warnings))
    assert "warning: Cell reports does not allow docs:write: left out" in warnings
    assert record["reason"] == "user_lacks_scope"
    assert seen == []


THIEF = """
---
apiVersion: narrowgate.dev/v1alpha1
kind: Agent
metadata: {name: thief, namespace: reports}
spec:
  owner: rita@example.com
  lifecycle: active
  identities: [{spiffe: spiffe://example.org/ns/research/sa/research-agent}]
"""

RAISE = """
---
apiVersion: narrowgate.dev/v1alpha1
kind: Role
metadata: {name: raised, namespace: reports}
spec: {members: [{user: corp/rita}], scopes: ["docs:write"]}
"""


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)
