"""Whether a decision gets dearer the more is declared, known or sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from bench.own.checks import check, token_of, tool_call
from bench.own.decisions import variant
from bench.own.gate import Gate, opened_gate
from bench.own.measuring import Spread, Variant, alternate
from bench.own.scenarios import SCENARIOS, Scenario
from bench.own.subject import Setting
from bench.own.tables import Cell, Table
from bench.own.worlds import Size, write_world

ROUNDS = 16
DECISIONS = 30
MOST = 1.2
"""Times the cost in the smallest world: what design allows."""

SMALL = Size(policies=10, agents=10, tools=100)
MEASURED = ("allow", "reads new arguments")


@dataclass(frozen=True, slots=True)
class Dimension:
    """One thing that can be many."""

    name: str
    numbers: tuple[int, ...]
    of: Callable[[int], Size]
    quick: int = 1_000
    """The most that is worth waiting for where it has to be quick."""


DIMENSIONS = (
    Dimension("policies", (10, 100, 1_000, 10_000), lambda n: replace(SMALL, policies=n)),
    Dimension("agents", (10, 1_000, 10_000, 100_000), lambda n: replace(SMALL, agents=n)),
    Dimension("tools", (100, 1_000, 10_000), lambda n: replace(SMALL, tools=n), quick=300),
    Dimension("users named by a role", (0, 1_000, 10_000), lambda n: replace(SMALL, members=n)),
)


def run(setting: Setting) -> Sequence[Table]:
    """Measure each dimension in worlds that differ in nothing else."""
    declared = [_declared(each, setting) for each in DIMENSIONS]
    home = write_world(setting.folder / "sent", SMALL)
    with opened_gate(home) as gate:
        return [*declared, _known(gate, setting), *_sent(gate, setting)]


def _declared(dimension: Dimension, setting: Setting) -> Table:
    most = dimension.quick if setting.is_quick else max(dimension.numbers)
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
    return _table(dimension.name, numbers, found, "declared")


def _key(name: str, number: int) -> str:
    return f"{name} {number}"


def _table(what: str, numbers: Sequence[int], found: dict[str, Spread], how: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for number in numbers:
        row: list[Cell] = [f"{number:,}"]
        for name in MEASURED:
            cost = found[_key(name, number)].median
            row += [cost, cost / found[_key(name, numbers[0])].median]
        rows.append(tuple(row))
    columns = [what, *(each for name in MEASURED for each in (f"{name}, µs", "× fewest"))]
    note = f"Target: at most {MOST} × the cost with the fewest."
    return Table(f"Growth with {what} {how}", tuple(columns), rows, [note])


def _known(gate: Gate, setting: Setting) -> Table:
    """Measure what the tokens of many others, seen before, cost those who come later."""
    numbers = [1, 100, 1_000] if setting.is_quick else [1, 1_000, 10_000]
    rows: list[tuple[Cell, ...]] = []
    stranger, first = SCENARIOS["new user"], 0.0
    for before, number in zip([0, *numbers], numbers, strict=False):
        setting.say(f"{number:,} users seen")
        for each in stranger.checks(10_000 + before, number - before):
            gate.ask(each)
        warm = {"allow": variant(gate, SCENARIOS["allow"], DECISIONS)}
        cost = alternate(warm, setting.rounds(ROUNDS))["allow"].median
        first = first or cost
        rows.append((f"{number:,}", cost, cost / first))
    columns = ("users seen", "allow, µs", "× fewest")
    note = f"Target: at most {MOST} × the cost with the fewest. These are not alternating rounds."
    return Table("Growth with users seen", columns, rows, [note])


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
    least = found[str(min(checks))].median
    rows: list[tuple[Cell, ...]] = [
        (f"{size:,}", found[str(size)].median, found[str(size)].median / least, len(each) / 1024)
        for size, each in checks.items()
    ]
    columns = (what, "allow, µs", "× fewest", "Check, KB")
    return Table(f"Growth with {what}", columns, rows)


def _always(only: bytes) -> Scenario:
    return Scenario("sent", "allow", lambda _number: only)
