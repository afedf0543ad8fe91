"""The process that is counted: `python -m bench.cost.counted FOLDER OUTPUT`.

It writes a world into FOLDER, warms a gate up, counts the calls of functions of
each scenario into OUTPUT, and then, where callgrind runs it (`--instructions`),
decides once more with instructions counted.
"""

from __future__ import annotations

import argparse
import gc
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.cost.callgrind import count_instructions
from bench.cost.calls import count_calls
from bench.own.gate import Gate, opened_gate
from bench.own.scenarios import SCENARIOS, Scenario
from bench.own.worlds import Size, write_world

COUNTED = (
    "allow",
    "allow, mint",
    "reads new arguments",
    "new token",
    "session",
    "refused: no credential",
    "refused: policy",
    "challenged",
)

WARMING, DECISIONS = 4, 8
"""Checks before anything is counted, and Checks of which each count is the sum."""

PLANTED = 8
"""Every so many Checks one is answered twice, to see whether the guard turns red."""


def main() -> None:
    """Count once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--plant", action="store_true")
    options = parser.parse_args()
    home = write_world(options.folder, Size())
    with opened_gate(home) as gate:
        for name in COUNTED:
            _warm_up(gate, SCENARIOS[name])
        # What it costs depends on what else there is in the heap, so it is left out.
        gc.collect()
        gc.disable()
        blocks = {name: _block(gate, SCENARIOS[name], options.plant) for name in COUNTED}
        calls = {name: count_calls(block, DECISIONS) for name, block in blocks.items()}
        options.output.write_text(json.dumps(calls))
        if options.instructions:
            again = [_block(gate, SCENARIOS[name], options.plant, 1) for name in COUNTED]
            count_instructions(again)


def _warm_up(gate: Gate, scenario: Scenario) -> None:
    for number in range(WARMING):
        gate.prove(scenario, number)


def _block(gate: Gate, scenario: Scenario, is_planted: bool, turn: int = 0) -> Callable[[], None]:  # noqa: FBT001
    checks: Sequence[bytes] = scenario.checks(WARMING + turn * DECISIONS, DECISIONS)
    if is_planted:
        checks = [*checks, *checks[::PLANTED]]

    def block() -> None:
        for each in checks:
            gate.ask(each)

    return block


if __name__ == "__main__":
    main()
