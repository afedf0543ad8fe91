"""The attacks that have names: each is refused for its reason, and the upstream sees nothing."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from authz.directory.diagnostics import InvalidWorld
from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from authz.sources.declared import read_declared
from tests.support.cases import Case, case_named
from tests.support.clients import Response
from tests.support.edge import Edge, running_edge
from tests.support.envoy import BODY_LIMIT
from tests.support.upstream import Seen
from tests.support.worlds import load_world, prepare_home

ENVOY_FRAME_BYTES = 16_384

NAMED = {
    "the optional argument": ("path-outside", "forbidden"),
    "the greedy lower-tier permit": ("greedy-lower-tier", "no_permit"),
    "the foreign issuer's group": ("partner-group", "user_lacks_scope"),
    "a Host that is not the route's target": ("wrong-host", "ambiguous_request"),
    "a route without a target": ("no-target", "target_unknown"),
    "two servers of one name in two namespaces": ("same-name-other-namespace", "no_permit"),
    "Name beside name": ("folded-member", "ambiguous_request"),
}


@pytest.mark.parametrize(("name", "reason"), NAMED.values(), ids=NAMED.keys())
def test_named(name: str, reason: str, edge: Edge) -> None:
    """A real Envoy asks, the gate refuses for this very reason, and nothing goes upstream."""
    _, seen, record = edge.send(case_named(name))

    assert (record["verdict"], record["reason"]) == ("deny", reason)
    assert seen == []


@pytest.mark.parametrize("http", [1, 2])
def test_one_byte_over_the_limit(http: int, edge: Edge) -> None:
    """A body one byte over Envoy's limit is refused, on HTTP/2 by the gate: there Envoy asks."""
    case = _padded(case_named("search-allowed"), BODY_LIMIT + 1, http)

    if http == 1:
        response, seen = _send_unasked(edge, case)

        assert response.status == 413
    else:
        response, seen, record = edge.send(case)

        assert (response.status, record["reason"]) == (413, "body_truncated")
    assert seen == []


@pytest.mark.parametrize("over", [2, ENVOY_FRAME_BYTES - 1])
def test_up_to_a_frame_over_the_limit(over: int, edge: Edge) -> None:
    """Whatever Envoy lets through on HTTP/2 beyond its limit is refused here."""
    response, seen, record = edge.send(_padded(case_named("search-allowed"), BODY_LIMIT + over, 2))

    assert (response.status, record["reason"]) == (413, "body_truncated")
    assert seen == []


def test_body_limit_is_the_shipped_one(edge: Edge) -> None:
    """A body of exactly the limit is judged whole, so the limit of these tests is the real one."""
    for http in (1, 2):
        response, seen, record = edge.send(_padded(case_named("search-allowed"), BODY_LIMIT, http))

        assert (response.status, record["reason"]) == (200, "allow")
        assert len(seen[0].body) == BODY_LIMIT


FULL_OF_HEADERS = {
    "not so many": (tuple((f"x-h{number}", "v") for number in range(80)), "allow"),
    "many": (tuple((f"x-h{number}", "v") for number in range(85)), "unreadable_request"),
    "as many as Envoy takes": (
        tuple((f"x-h{number}", "v") for number in range(94)),
        "unreadable_request",
    ),
    "many of one name": ((("x-h", "v"),) * 90, "unreadable_request"),
    "not so large": ((("x-h", "v" * 50_000),), "allow"),
    "large": ((("x-h", "v" * 60_400),), "unreadable_request"),
}
"""More headers than would leave room for the gate's own: there Envoy would answer 500."""


@pytest.mark.parametrize(("more", "reason"), FULL_OF_HEADERS.values(), ids=FULL_OF_HEADERS.keys())
def test_what_is_allowed_arrives(
    more: tuple[tuple[str, str], ...], reason: str, edge: Edge
) -> None:
    """However many headers a caller sends: what is recorded as allowed reaches the upstream."""
    case = case_named("search-allowed")

    response, seen, record = edge.send(replace(case, headers=(*case.headers, *more)))

    allowed = reason == "allow"
    assert (record["reason"], response.status, len(seen)) == (
        reason,
        200 if allowed else 400,
        1 if allowed else 0,
    )


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
    assert "directory/ns/reports/agents.yaml:46:16:" in str(mistake)
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


def _padded(case: Case, size: int, http: int) -> Case:
    """Give *case* with a body of exactly *size* bytes: a long query, the same call."""
    body: dict[str, Any] = json.loads(case.body)
    body["params"]["arguments"]["query"] = ""
    empty = len(json.dumps(body))
    body["params"]["arguments"]["query"] = "x" * (size - empty)
    padded = json.dumps(body).encode()
    assert len(padded) == size
    return replace(case, body=padded, http=http)


def _send_unasked(edge: Edge, case: Case) -> tuple[Response, list[Seen]]:
    """Send a request that Envoy refuses by itself, so that there is no record of it."""
    before, lines = len(edge.upstream.seen), len(edge.records())
    response = edge.send_raw(case)
    assert len(edge.records()) == lines
    return response, edge.upstream.seen[before:]
