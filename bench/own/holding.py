"""A process that says what it holds: `python -m bench.own.holding HOME DECISIONS`.

It opens the gate of a world and asks DECISIONS Checks of several kinds, and
tells its resident memory (MB) after each as JSON.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
from pathlib import Path

from bench.own.gate import opened_gate
from bench.own.scenarios import SCENARIOS
from bench.own.serving import resident

ASKED = ("allow, mint", "new token", "new user", "reads new arguments")
START, OPENED = "nothing yet", "opened"


def main() -> None:
    """Open, ask, and tell."""
    home, decisions = Path(sys.argv[1]), int(sys.argv[2])
    held = {START: _held()}
    with opened_gate(home) as gate:
        held[OPENED] = _held()
        for name in ASKED:
            for number in range(decisions):
                gate.ask(SCENARIOS[name].make(number))
            held[name] = _held()
    print(json.dumps(held))


def _held() -> float:
    """Give the resident memory, after what is free was given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return resident(os.getpid())


if __name__ == "__main__":
    main()
