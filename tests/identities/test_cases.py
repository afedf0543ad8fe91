"""Every case of `cases.yaml`: the listener says how it is read who asks, whatever else is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from authz.commands.replay import replay
from authz.server.decision_point import DecisionPoint
from tests.identities.world import ask, every_listener, named, server_of
from tests.support.values import replace
from tests.support.worlds import prepare_home

CASES = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text())
WORKLOAD = "x-workload-spiffe-id"
MANY = 70


@pytest.fixture(scope="module")
def server(
    decision_point: DecisionPoint, tmp_path_factory: pytest.TempPathFactory
) -> DecisionPoint:
    """A gate with a listener of every kind."""
    home = every_listener(prepare_home(tmp_path_factory.mktemp("listeners")))
    return server_of(home, decision_point)


@pytest.mark.parametrize("row", CASES, ids=lambda row: row["name"])
def test_case(row: Mapping[str, Any], server: DecisionPoint) -> None:
    """The Check is decided, recorded and told upstream as the case says."""
    asked = ask(server, row)
    expected = {"step": 12, **row["expect"]}

    found = {name: asked.record[name] for name in expected}
    assert found == {
        name: named(value) if isinstance(value, str) else value for name, value in expected.items()
    }, f"{row['why']} {asked.record['detail']}"
    if asked.record["reason"] == "allow":
        assert asked.headers.get(WORKLOAD) == asked.record["workload"]
        assert (WORKLOAD in asked.removed) is (asked.record["workload"] is None)
        assert "x-forwarded-client-cert" in asked.removed


@pytest.mark.parametrize("row", CASES, ids=lambda row: row["name"])
def test_made_again(row: Mapping[str, Any], server: DecisionPoint) -> None:
    """A record says enough of who asked for the decision to be made again, proof or no proof."""
    record = ask(server, row).record

    again = replay(record, replace(server.world, issuer_keys={}))

    assert not again.differs, again.differs
    assert not again.missing or record["reason"] == "fault"


def test_enough_cases() -> None:
    """There are as many as there were, and each has a name of its own."""
    assert len({row["name"] for row in CASES}) == len(CASES) >= MANY


def test_what_is_no_agent_is_unknown(server: DecisionPoint) -> None:
    """At a listener for calls to agents a tool is told apart by nothing from what there is not."""
    both = [
        ask(server, {"listener": "in-agents", "principal": "{RESEARCH}", "target": target})
        for target in ("tools/docs", "tools/nothing")
    ]
    bodies = [each.body.replace(each.record["decision"].encode(), b"") for each in both]

    assert bodies[0] == bodies[1]
    assert both[0].status == both[1].status
