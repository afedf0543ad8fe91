"""A process that decides recorded Checks on one core: `python -m bench.own.replaying HOME CORE`.

It says `ready` once its world is warm. For each number of seconds on a line of its
input it decides for that long, and says how often, in how many seconds of CPU.
"""

from __future__ import annotations

import os
import sys
import time
from itertools import cycle
from pathlib import Path

from bench.own.gate import opened_gate
from bench.own.scenarios import SCENARIOS

MIX = ("allow", "allow, mint", "reads arguments", "list", "refused: policy")
WARMING = 20
AT_ONCE = 10
"""Decisions between two looks at the clock."""


def main() -> None:
    """Decide whenever told to."""
    home, core = Path(sys.argv[1]), int(sys.argv[2])
    os.sched_setaffinity(0, {core})
    with opened_gate(home) as gate:
        for name in MIX:
            for number in range(WARMING):
                gate.prove(SCENARIOS[name], number)
        checks = cycle([SCENARIOS[name].make(0) for name in MIX])
        print("ready", flush=True)
        for line in sys.stdin:
            seconds = float(line)
            decided, cpu, started = 0, time.process_time(), time.monotonic()
            while time.monotonic() - started < seconds:
                for _ in range(AT_ONCE):
                    gate.ask(next(checks))
                decided += AT_ONCE
            print(decided, time.process_time() - cpu, time.monotonic() - started, flush=True)


if __name__ == "__main__":
    main()
