"""Resident memory: of worlds, and of one more of each kind of object."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from bench.own.holding import ASKED, OPENED, START
from bench.own.subject import Setting
from bench.own.tables import Cell, Table
from bench.own.worlds import LARGE, SMALLEST, Size, write_world

DECISIONS = 3_000
"""Of each kind: more than some memos hold would make one more cost nothing."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object that a world can have many of."""

    name: str
    number: int
    of: Callable[[int], Size]
    base: Size = SMALLEST
    """What a world with many of it is held against."""


WITH_TOOLS = replace(SMALLEST, tools=100)
KINDS = (
    Kind("agent", 5_000, lambda n: replace(SMALLEST, agents=SMALLEST.agents + n)),
    Kind("tool", 1_000, lambda n: replace(SMALLEST, tools=SMALLEST.tools + n)),
    Kind(
        "policy",
        1_000,
        lambda n: replace(WITH_TOOLS, policies=SMALLEST.policies + n),
        WITH_TOOLS,
    ),
    Kind("user named by a role", 10_000, lambda n: replace(SMALLEST, members=n)),
)


def run(setting: Setting) -> Sequence[Table]:
    """Open worlds in processes of their own, and see what these hold."""
    decisions = DECISIONS // 10 if setting.is_quick else DECISIONS
    smallest = _held(SMALLEST, setting, decisions)
    rows: list[tuple[Cell, ...]] = []
    for kind in KINDS:
        number = kind.number // 10 if setting.is_quick else kind.number
        before = smallest if kind.base is SMALLEST else _held(kind.base, setting, 1)
        more = _held(kind.of(number), setting, 1)[OPENED] - before[OPENED]
        rows.append((kind.name, f"{number:,}", more, 1024 * more / number))
    rows += _asked(smallest, decisions)
    return [_worlds(setting, smallest), _objects(rows)]


def _objects(rows: Sequence[tuple[Cell, ...]]) -> Table:
    columns = ("object", "number", "MB for all", "KB for one")
    return Table("Resident memory of an object", columns, rows, [])


def _asked(held: Mapping[str, float], decisions: int) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for before, after in pairwise((OPENED, *ASKED)):
        more = held[after] - held[before]
        rows.append((f"decision: {after}", f"{decisions:,}", more, 1024 * more / decisions))
    return rows


def _worlds(setting: Setting, smallest: Mapping[str, float]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        ("no world: interpreter and libraries", smallest[START]),
        ("the smallest", smallest[OPENED]),
    ]
    if not setting.is_quick:
        large = _held(LARGE, setting, 1)
        rows.append(("1,000 tools, 10,000 agents, 1,000 policies", large[OPENED]))
    note = "Without a server; `start` tells what `authz serve` holds, with gRPC and HTTP in it."
    return Table("Resident memory of worlds", ("world", "MB"), rows, [note])


def _held(size: Size, setting: Setting, decisions: int) -> Mapping[str, float]:
    setting.say(f"memory of {size}")
    home = Path(setting.folder, f"world-{len([*setting.folder.iterdir()])}")
    write_world(home, size)
    command = [sys.executable, "-m", "bench.own.holding", str(home), str(decisions)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    held: Mapping[str, float] = json.loads(told)
    return held
