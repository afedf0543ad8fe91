"""Whether a decision gets dearer the more is declared, known or sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise

from bench.own.checks import check, token_of, tool_call
from bench.own.decisions import variant
from bench.own.gate import Gate, opened_gate
from bench.own.measuring import Spread, Variant, alternate
from bench.own.scenarios import SCENARIOS, Scenario
from bench.own.subject import Setting
from bench.own.tables import Cell, Table
from bench.own.worlds import HEART_AGENTS, Size, crowd_agent, write_world

ROUNDS = 16
DECISIONS = 30
TARGET = "Target: at most 1.2 × the cost with the fewest."
FAR = 1_000_000
"""A number of a Check that no round comes to."""

QUICK = 1_000
"""The most that is worth waiting for where it has to be quick."""

SMALL = Size(policies=10, agents=10, tools=100)
MEASURED = ("allow", "reads new arguments", "new user")
"""One that finds everything kept, one that asks the engine each time, one that finds nothing."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One thing that can be many."""

    name: str
    numbers: tuple[int, ...]
    of: Callable[[int], Size]


DIMENSIONS = (
    Dimension("policies", (10, 100, 1_000, 10_000), lambda n: replace(SMALL, policies=n)),
    Dimension("agents", (10, 1_000, 10_000, 100_000), lambda n: replace(SMALL, agents=n)),
    Dimension("tools", (100, 1_000, 10_000), lambda n: replace(SMALL, tools=n)),
    Dimension("users named by a role", (0, 1_000, 10_000), lambda n: replace(SMALL, members=n)),
)


def run(setting: Setting) -> Sequence[Table]:
    """Measure each dimension in worlds that differ in nothing else."""
    declared = [_declared(each, setting) for each in DIMENSIONS]
    home = write_world(setting.folder / "sent", SMALL)
    with opened_gate(home) as gate:
        seen = [_users(gate, setting), *_sent(gate, setting)]
    return [*declared, _agents(setting), *seen]


def _declared(dimension: Dimension, setting: Setting) -> Table:
    most = QUICK if setting.is_quick else max(dimension.numbers)
    numbers = [each for each in dimension.numbers if each <= most]
    variants: dict[str, Variant] = {}
    with ExitStack() as opened:
        for number in numbers:
            setting.say(f"a world of {number:,} {dimension.name}")
            home = setting.folder / f"{dimension.name}-{number}"
            gate = opened.enter_context(opened_gate(write_world(home, dimension.of(number))))
            for name in MEASURED:
                variants[_key(name, number)] = variant(gate, SCENARIOS[name], DECISIONS)
        found = alternate(variants, setting.rounds(ROUNDS))
    return _table(dimension.name, numbers, found)


def _key(name: str, number: int) -> str:
    return f"{name} {number}"


def _table(what: str, numbers: Sequence[int], found: dict[str, Spread]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for number in numbers:
        row: list[Cell] = [f"{number:,}"]
        for name in MEASURED:
            cost = found[_key(name, number)].median
            row += [cost, cost / found[_key(name, numbers[0])].median]
        rows.append(tuple(row))
    columns = [what, *(each for name in MEASURED for each in (f"{name}, µs", "× fewest"))]
    return Table(f"Growth with {what}", tuple(columns), rows, [TARGET])


def _agents(setting: Setting) -> Table:
    """Measure what it costs that not one agent asks, but many in turn."""
    numbers = [1, 10, 100] if setting.is_quick else [1, 10, 100, 1_000]
    size = replace(SMALL, agents=HEART_AGENTS + max(numbers))
    with opened_gate(write_world(setting.folder / "asking", size)) as gate:
        scenarios = {number: _in_turn(number) for number in numbers}
        for number, scenario in scenarios.items():
            setting.say(f"{number:,} agents ask in turn")
            for each in scenario.checks(0, number):
                gate.ask(each)
        variants = {str(number): variant(gate, each) for number, each in scenarios.items()}
        found = alternate(variants, setting.rounds(ROUNDS))
    return _against_fewest("agents that ask", "allow, mint", numbers, found, TARGET)


def _in_turn(agents: int) -> Scenario:
    """Let so many agents of the crowd ask the same, one after the other, for one user."""
    body, token = tool_call("search", query="tides"), token_of()

    def make(number: int) -> bytes:
        return check(body, token, agent=crowd_agent(number % agents))

    return Scenario("agents in turn", "allow", make, is_cold=True)


def _users(gate: Gate, setting: Setting) -> Table:
    """Measure what the tokens of many others, seen before, cost those who come later."""
    numbers = [1, 100, 1_000] if setting.is_quick else [1, 1_000, 10_000]
    found: dict[str, Spread] = {}
    for before, number in pairwise([0, *numbers]):
        setting.say(f"{number:,} users seen")
        for each in SCENARIOS["new user"].checks(FAR + before, number - before):
            gate.ask(each)
        warm = {str(number): variant(gate, SCENARIOS["allow"], DECISIONS)}
        found |= alternate(warm, setting.rounds(ROUNDS))
    note = f"{TARGET} These rounds cannot alternate."
    return _against_fewest("users seen", "allow", numbers, found, note)


def _against_fewest(
    what: str, scenario: str, numbers: Sequence[int], found: dict[str, Spread], note: str
) -> Table:
    least = found[str(numbers[0])].median
    rows: list[tuple[Cell, ...]] = [
        (f"{number:,}", found[str(number)].median, found[str(number)].median / least)
        for number in numbers
    ]
    return Table(f"Growth with {what}", (what, f"{scenario}, µs", "× fewest"), rows, [note])


def _sent(gate: Gate, setting: Setting) -> Iterable[Table]:
    """Measure what larger Checks cost: that grows, for every byte of them is read."""
    arguments = {
        size: check(tool_call("search", query="x" * size), token_of(), "tools/plain")
        for size in (10, 1_000, 10_000, 100_000)
    }
    yield _by_size(gate, setting, "bytes of an argument", arguments)
    tokens = {
        groups: check(
            tool_call("search", query="x"),
            token_of(groups=["group-0", *(f"elsewhere-{each}" for each in range(groups))]),
            "tools/plain",
        )
        for groups in (1, 10, 100, 200)
    }
    yield _by_size(gate, setting, "groups in a token", tokens)


def _by_size(gate: Gate, setting: Setting, what: str, checks: dict[int, bytes]) -> Table:
    setting.say(what)
    variants = {str(size): variant(gate, _always(each), DECISIONS) for size, each in checks.items()}
    found = alternate(variants, setting.rounds(ROUNDS))
    largest = max(checks)
    note = f"With {largest:,} the Check has {len(checks[largest]) / 1024:.3g} KB."
    return _against_fewest(what, "allow", [*checks], found, note)


def _always(only: bytes) -> Scenario:
    return Scenario("sent", "allow", lambda _number: only)
