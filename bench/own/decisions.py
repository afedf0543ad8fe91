"""Whole decisions, from the bytes of a Check to the message that answers it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from bench.own.gate import Gate, opened_gate
from bench.own.measuring import Block, Spread, Variant, alternate
from bench.own.scenarios import SCENARIOS, Scenario
from bench.own.subject import Setting
from bench.own.tables import Cell, Table
from bench.own.worlds import Size, write_world

ROUNDS = 24
DECISIONS = 50
"""In a block."""

WARMING = 20

NOTE = """`allow` is for a target with token.mode none; the others' targets take a minted token.
What is not called new has been asked before: token seen, legs kept."""

TARGETS = {
    "allow": "≤ 85 µs",
    "reads new arguments": "≤ 350 µs",
    "new token": "≤ 3.5 × allow, mint",
    "new user": "≤ 6 × allow, mint",
}


def run(setting: Setting) -> Sequence[Table]:
    """Measure every scenario."""
    home = write_world(setting.folder / "home", Size())
    with opened_gate(home) as gate:
        setting.say(f"{len(SCENARIOS)} scenarios in {setting.rounds(ROUNDS)} alternating rounds")
        variants = {name: variant(gate, each) for name, each in SCENARIOS.items()}
        found = alternate(variants, setting.rounds(ROUNDS))
    return [_table(found)]


def variant(gate: Gate, scenario: Scenario, decisions: int = DECISIONS) -> Variant:
    """Measure decisions of *scenario*, which is proven to end as it says, and warm."""
    for number in range(WARMING):
        gate.prove(scenario, number)
    return Variant(partial(_block, gate, scenario, decisions), decisions)


def _block(gate: Gate, scenario: Scenario, decisions: int, number: int) -> Block:
    """Give the block of round *number*: no cold Check is asked twice."""
    checks = scenario.checks(WARMING + number * decisions, decisions)
    return partial(_ask_all, gate.ask, checks)


def _ask_all(ask: Callable[[bytes], object], checks: Sequence[bytes]) -> None:
    for each in checks:
        ask(each)


def _table(found: dict[str, Spread]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, spread in found.items():
        against = spread.median / found["allow, mint"].median
        row = (name, spread.median, spread.low, spread.high, against, TARGETS.get(name))
        rows.append(row)
    return Table(
        "CPU of a whole decision, transport aside, its record written",
        ("decision", "µs, median", "1st quartile", "3rd quartile", "× allow, mint", "target"),
        rows,
        [NOTE],
    )
