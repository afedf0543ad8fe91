"""What it costs to check a world before it is released: `authz policy check`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from authz.sources.declared import read_policies
from bench.own.subject import Setting
from bench.own.tables import Cell, Table
from bench.own.worlds import Size, write_world

SMALL = Size(policies=1_000, agents=50, tools=1_000)
SIZES = (SMALL, replace(SMALL, policies=10_000), replace(SMALL, tools=10_000))

NOTE = """CPU seconds of one process, with the reading of the directory. ratio: to the first row.
A policy about named tools is validated with these, a general one with all, 200 at a time."""


def run(setting: Setting) -> Sequence[Table]:
    """Check worlds with many policies, and with many tools."""
    rows: list[tuple[Cell, ...]] = []
    first = 0.0
    for at, size in enumerate(SIZES[:1] if setting.is_quick else SIZES):
        home = write_world(setting.folder / f"checked-{at}", size)
        setting.say(f"{size.policies:,} policies, {size.tools:,} tools")
        started = time.process_time()
        read_policies(home)
        spent = time.process_time() - started
        first = first or spent
        rows.append((f"{size.policies:,}", f"{size.tools:,}", spent, spent / first))
    columns = ("policies", "tools", "CPU, s", "ratio")
    return [Table("A check of a world", columns, rows, [NOTE])]
