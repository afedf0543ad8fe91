"""`outcomes`: who chooses how a refusal is written."""

from __future__ import annotations

import pytest

from authz.directory.compiled import RefusalStyle
from authz.server.decision_point import DecisionPoint
from authz.server.needs import NeedAnswers
from authz.server.worlds import CurrentWorld
from tests.support.cases import case_named
from tests.support.direct import decide_case
from tests.support.values import replace

AUTO, HTTP, OAUTH = RefusalStyle.AUTO, RefusalStyle.HTTP, RefusalStyle.OAUTH
AGENT, TARGET = "research/research-agent", "tools/docs"


def declaring(
    server: DecisionPoint, of_agent: RefusalStyle, of_target: RefusalStyle
) -> DecisionPoint:
    """Give *server* in a world where agent and target ask for their refusals so."""
    world = server.world
    agents, targets = world.directory.agents, world.directory.targets
    directory = replace(
        world.directory,
        agents={**agents, AGENT: replace(agents[AGENT], refusals=of_agent)},
        targets={**targets, TARGET: replace(targets[TARGET], refusals=of_target)},
    )
    worlds = CurrentWorld(replace(world, directory=directory), server.worlds.now.keys)
    return replace(server, worlds=worlds, needs=NeedAnswers())


@pytest.mark.parametrize(
    ("of_agent", "of_target", "status", "challenged"),
    [
        (AUTO, AUTO, 200, False),
        (AUTO, HTTP, 403, False),
        (AUTO, OAUTH, 403, True),
        (HTTP, AUTO, 403, False),
        (HTTP, OAUTH, 403, False),
        (OAUTH, AUTO, 403, True),
        (OAUTH, HTTP, 403, True),
    ],
)
def test_style(
    of_agent: RefusalStyle,
    of_target: RefusalStyle,
    status: int,
    challenged: object,
    decision_point: DecisionPoint,
) -> None:
    """The agent's choice counts, and the target's where the agent makes none."""
    server = declaring(decision_point, of_agent, of_target)

    found, headers, _ = decide_case(case_named("user-not-now"), server).answer

    assert found == status
    assert ("www-authenticate" in headers) is challenged
