"""Where a call goes, at listeners that find it by host, and what a suspended agent may be asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from authz._proto.external_auth_pb2 import CheckRequest, CheckResponse
from authz.directory.compiled import Directory, Lifecycle, Target, targets_by_host
from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from tests.identities.world import ask, every_listener, server_of
from tests.support.direct import KeptRecords
from tests.support.values import replace
from tests.support.worlds import prepare_home

HOST, WELL_KNOWN = "docs.tools.svc.cluster.local", "/.well-known/oauth-protected-resource"
SERVICE = "search.tools.svc.cluster.local"
TO_AGENT: Mapping[str, Any] = {
    "principal": "{RESEARCH}",
    "target": "reports/reporting-agent",
    "host": "reporting-agent.reports.svc.cluster.local",
    "path": "/",
}


@pytest.fixture(scope="module")
def server(
    decision_point: DecisionPoint, tmp_path_factory: pytest.TempPathFactory
) -> DecisionPoint:
    """A gate with a listener of every kind."""
    home = every_listener(prepare_home(tmp_path_factory.mktemp("targets")))
    return server_of(home, decision_point)


def within(server: DecisionPoint, directory: Directory) -> DecisionPoint:
    """Give *server* with another directory."""
    world = replace(server.world, directory=directory)
    return replace(server, worlds=CurrentWorld(world, server.worlds.now.keys))


def get(
    server: DecisionPoint, listener: str, path: str, host: str = HOST, **more: str
) -> tuple[int, bytes]:
    """Ask for *path* without any proof, as a client does that looks for where to log in."""
    request = CheckRequest()
    http = request.attributes.request.http
    http.method, http.path, http.host = "GET", path, host
    request.attributes.context_extensions.update(more)
    asked = replace(server, records=KeptRecords())
    response = CheckResponse.FromString(asked.answer(request.SerializeToString(), listener, {}))
    return int(response.denied_response.status.code), response.denied_response.body.encode()


def with_neighbour(server: DecisionPoint) -> DecisionPoint:
    """Give *server* with a second target at the host of docs."""
    directory = server.world.directory
    docs: Target = directory.targets["tools/docs"]
    other = replace(docs, name="tools/other", path="/other", audience="https://other.example")
    targets = {**directory.targets, other.name: other}
    by_host = targets_by_host(targets.values())
    return within(server, replace(directory, targets=targets, targets_by_host=by_host))


def test_metadata_at_a_waypoint(server: DecisionPoint) -> None:
    """What anybody may read is found by its host as well, with the target's path or alone."""
    for path in (f"{WELL_KNOWN}/mcp", WELL_KNOWN):
        status, body = get(server, "waypoint", path)
        assert (status, json.loads(body)["resource"]) == (200, "https://docs.tools.example/mcp")
    assert get(server, "waypoint", f"{WELL_KNOWN}/other")[0] == 401
    assert get(server, "in-agents", f"{WELL_KNOWN}/mcp", target="tools/docs")[0] == 401


def test_two_targets_of_one_host(server: DecisionPoint) -> None:
    """Each is found by its path; what could be either's is neither's."""
    both = with_neighbour(server)

    for path, resource in (("/mcp", "docs.tools.example/mcp"), ("/other", "other.example")):
        status, body = get(both, "waypoint", f"{WELL_KNOWN}{path}")
        assert (status, json.loads(body)["resource"]) == (200, f"https://{resource}")
    assert get(both, "waypoint", WELL_KNOWN)[0] == 401


def test_an_http_service_at_a_waypoint(server: DecisionPoint) -> None:
    """Its hosts are its own whatever the path: what is public is open, all else wants a proof."""
    assert get(server, "waypoint", "/healthz", SERVICE) == (0, b"")
    for path in ("/search", "/items/7", "/"):
        status, body = get(server, "waypoint", path, SERVICE)
        assert (status, json.loads(body)) == (401, {"error": "missing workload identity"})

    row = {"listener": "waypoint", "xfcc": "By={WAYPOINT};URI={RESEARCH}", "host": SERVICE}
    record = ask(server, {**row, "path": "/search", "target": None, "token": None}).record
    assert (record["target"], record["reason"]) == ("tools/search-api", "operation_undeclared")


@pytest.mark.parametrize("listener", ["out", "in-agents", "in"])
@pytest.mark.parametrize("lifecycle", sorted(set(Lifecycle) - {Lifecycle.ACTIVE}))
def test_a_suspended_agent_is_not_asked(
    lifecycle: Lifecycle, listener: str, server: DecisionPoint
) -> None:
    """Nobody's authority is handed to an agent that may not act, whoever asks and by which way."""
    directory = server.world.directory
    name = TO_AGENT["target"]
    passive = replace(directory.agents[name], lifecycle=lifecycle)
    changed = within(server, replace(directory, agents={**directory.agents, name: passive}))

    row = {"listener": listener, **TO_AGENT}
    record, before = ask(changed, row).record, ask(server, row).record

    assert (record["reason"], record["step"]) == ("suspended", 4)
    assert record["detail"] == f"{name} is {lifecycle}"
    assert (before["reason"], before["step"]) == ("operation_undeclared", 6)
