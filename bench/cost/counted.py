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

SMALL = (
    "allow",
    "allow, mint",
    "reads new arguments",
    "new token",
    "session",
    "refused: no credential",
    "refused: policy",
    "challenged",
)
"""Counted in a world of the usual size."""

LARGE = ("reads new arguments", "new user")
"""Counted where ten times as much is declared; what asks the engine must not notice."""

MANY = Size(policies=500, agents=500, tools=500)
COUNTED = (*SMALL, *(f"{name}, much declared" for name in LARGE))

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
    small = write_world(options.folder / "small", Size())
    large = write_world(options.folder / "large", MANY)
    with opened_gate(small) as one, opened_gate(large) as other:
        asked = [(one, SCENARIOS[name]) for name in SMALL]
        asked += [(other, SCENARIOS[name]) for name in LARGE]
        for gate, scenario in asked:
            _warm_up(gate, scenario)
        # What it costs depends on what else there is in the heap, so it is left out.
        gc.collect()
        gc.disable()
        planted = PLANTED if options.plant else None
        blocks = [_block(*each, WARMING, planted) for each in asked]
        calls = [count_calls(block, DECISIONS) for block in blocks]
        options.output.write_text(json.dumps(dict(zip(COUNTED, calls, strict=True))))
        if options.instructions:
            further = WARMING + DECISIONS
            count_instructions([_block(*each, further, planted) for each in asked])


def _warm_up(gate: Gate, scenario: Scenario) -> None:
    for number in range(WARMING):
        gate.prove(scenario, number)


def _block(gate: Gate, scenario: Scenario, start: int, planted: int | None) -> Callable[[], None]:
    """Give what decides Checks from number *start* on; every *planted*th is answered twice."""
    checks: Sequence[bytes] = scenario.checks(start, DECISIONS)
    if planted:
        checks = [*checks, *checks[::planted]]

    def block() -> None:
        for each in checks:
            gate.ask(each)

    return block


if __name__ == "__main__":
    main()
