"""What is measured is what it is called: scenarios end as they say, in worlds as they are meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from authz.sources.declared import read_declared
from bench.own.gate import Gate, WrongAnswer, opened_gate
from bench.own.growth import DIMENSIONS, Dimension
from bench.own.scenarios import SCENARIOS, Scenario
from bench.own.stages import MEASURED, stages_of
from bench.own.worlds import SMALLEST, Size, write_world
from tests.support.values import replace

SIZE = Size(policies=14, agents=8, tools=18, roles=3, members=2)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world."""
    return write_world(tmp_path_factory.mktemp("bench") / "home", SIZE)


@pytest.fixture(scope="module")
def gate(home: Path) -> Iterator[Gate]:
    """A gate of it."""
    with opened_gate(home) as opened:
        yield opened


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda each: each.name)
def test_scenario_ends_as_it_says(scenario: Scenario, gate: Gate) -> None:
    """The first time, and again when what is kept of the first may help."""
    gate.prove(scenario, 0)
    gate.prove(scenario, 1)


def test_another_end_is_seen(gate: Gate) -> None:
    """A scenario that ends otherwise is not measured."""
    with pytest.raises(WrongAnswer, match="allow instead of fault"):
        gate.prove(replace(SCENARIOS["allow"], reason="fault"), 0)


@pytest.mark.parametrize("name", [name for name, each in SCENARIOS.items() if each.is_cold])
def test_cold_checks_differ(name: str) -> None:
    """No two Checks of a cold scenario are the same, whatever the signature."""
    tokens = [
        each.replace(b".", b" ").split()[:-1]
        for each in SCENARIOS[name].checks(0, 3) + SCENARIOS[name].checks(3, 3)
    ]

    assert len({tuple(each) for each in tokens}) == 6


def test_warm_checks_are_one() -> None:
    """All Checks of a warm scenario are the same bytes."""
    assert len(set(SCENARIOS["allow"].checks(0, 5))) == 1


@pytest.mark.parametrize("name", MEASURED)
def test_every_stage_can_be_measured_alone(name: str, gate: Gate) -> None:
    """Each stage of an allow takes what the stages before it left."""
    for variant in stages_of(gate, SCENARIOS[name].make(0)).values():
        variant.prepare(0)


def test_a_world_declares_what_its_size_says(gate: Gate, home: Path) -> None:
    """Agents, tools and policies are as many as asked for."""
    directory = gate.point.world.directory
    rules = "".join(path.read_text() for path in (home / "policies").rglob("*.cedar"))

    assert len(directory.agents) == SIZE.agents
    assert sum(len(each.tools) for each in directory.targets.values()) == SIZE.tools
    assert rules.count("@id(") == SIZE.policies
    assert len(directory.roles) == SIZE.roles
    assert len(directory.roles_by_user) == SIZE.members


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=lambda each: each.name)
def test_worlds_of_a_dimension_differ_in_one_number(dimension: Dimension) -> None:
    """So what grows between them is the cost of that number."""
    few, many = (dimension.of(pick(dimension.numbers)) for pick in (min, max))

    differing = [each.name for each in fields(Size) if _of(few, each.name) != _of(many, each.name)]
    assert len(differing) == 1


def _of(size: Size, name: str) -> object:
    return getattr(size, name)


def test_the_smallest_world_loads_without_a_warning(tmp_path: Path) -> None:
    """A warning would be a rule that never holds: a world that nobody would run."""
    home = write_world(tmp_path / "home", SMALLEST)

    assert read_declared(home).warnings == ()
