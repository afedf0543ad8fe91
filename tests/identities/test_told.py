"""`authz check` and replays: whoever is named is taken at their word, however they are proven."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from authz.directory.compiled import Agent
from authz.model.principals import Caller, Identity, Proof, UserAlone
from authz.server.decision_point import DecisionPoint
from authz.trial.record import UNKNOWN, NotReplayable, read_record
from authz.trial.run import Trial, run
from authz.trial.stated import Setting
from authz.trial.told import Told, state
from tests.identities.world import NAMES, NOW, ask, every_listener, server_of
from tests.support.values import replace
from tests.support.worlds import prepare_home

AGENT = "research/research-agent"


@pytest.fixture(scope="module")
def server(
    decision_point: DecisionPoint, tmp_path_factory: pytest.TempPathFactory
) -> DecisionPoint:
    """A gate with a listener of every kind."""
    home = every_listener(prepare_home(tmp_path_factory.mktemp("told")))
    return server_of(home, decision_point)


def trial_of(server: DecisionPoint, **changed: Any) -> Trial:
    """Try alice's search through an agent whose document is otherwise."""
    world = server.world
    agent: Agent = replace(world.directory.agents[AGENT], **changed)
    agents = {**world.directory.agents, AGENT: agent}
    directory = replace(
        world.directory,
        agents=agents,
        agents_by_spiffe={s: each for each in agents.values() for s in each.spiffe_ids},
        agents_by_client={c: each for each in agents.values() for c in each.clients},
    )
    told = Told(
        agent=AGENT,
        operation="tools/docs/search",
        arguments={"query": "tides"},
        user="corp/alice",
        groups=frozenset({"corp/researchers"}),
    )
    setting = Setting(state(told, directory, NOW), replace(world, directory=directory))
    return run(setting)


def test_by_a_workload_or_a_client(server: DecisionPoint) -> None:
    """An agent that only a client id can prove is tried like any other."""
    both, by_client = trial_of(server), trial_of(server, spiffe_ids=frozenset())

    for trial, proof in ((both, Proof.PRINCIPAL), (by_client, Proof.CLIENT)):
        assert trial.reason == "allow", trial.detail
        assert trial.facts.of(Caller).proof is proof


def test_by_nothing(server: DecisionPoint) -> None:
    """An agent without identities is nobody, and the trial says what it lacks."""
    trial = trial_of(server, spiffe_ids=frozenset(), clients=frozenset())

    assert (trial.reason, trial.step) == ("agent_undeclared", 2)
    assert str(trial.changes[0]) == (
        "the Agent: identities is nothing; it would have to be one that can be proven"
    )


def test_what_is_lacking_is_told(server: DecisionPoint) -> None:
    """A replay says which identity would have to be declared, or which proof was looked for."""
    directory = server.world.directory
    for row, needed in (
        (
            {"listener": "waypoint", "xfcc": "By={WAYPOINT};URI={NOBODY}"},
            f"{{spiffe: {NAMES['NOBODY']}}} in one of them",
        ),
        ({"listener": "client"}, "{client: web-portal} in one of them"),
        ({"listener": "waypoint"}, "a good one of the kind that listener waypoint reads"),
        ({"listener": "out"}, "a SPIFFE ID of example.org"),
    ):
        stated = read_record(ask(server, row).record, directory)
        trial = run(Setting(stated, server.world))

        assert trial.changes[0].needed == needed


def test_a_declared_one_is_found_again(server: DecisionPoint) -> None:
    """Whom a record names is looked up anew: what was undeclared then may be an agent now."""
    row = {"listener": "waypoint", "xfcc": "By={WAYPOINT};URI={PAYER}", "target": None}
    directory = server.world.directory

    stated = read_record(ask(server, row).record, directory)

    assert isinstance(stated.caller, Identity)
    assert str(stated.caller.workload) == NAMES["PAYER"]
    alone = ask(server, {"listener": "in"}).record
    assert read_record(alone, directory).caller == UserAlone()


ODD: tuple[Mapping[str, Any], ...] = (
    {"identity": "badge"},
    {"identity": 7},
    {"identity": "client"},
    {"identity": "client", "client": {"iss": 1, "sub": "x"}},
    {"identity": "xfcc", "workload": None},
    {"identity": "xfcc", "workload": "nobody"},
    {"workload": []},
)


@pytest.mark.parametrize("changed", ODD, ids=str)
def test_no_record(changed: Mapping[str, Any], server: DecisionPoint) -> None:
    """A record that says who asked in a way that we do not write is none."""
    record = ask(server, {"listener": "waypoint", "xfcc": "By={WAYPOINT};URI={RESEARCH}"}).record

    with pytest.raises(NotReplayable, match=UNKNOWN):
        read_record({**record, **changed}, server.world.directory)
