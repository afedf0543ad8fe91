"""How many workers have room, and where the figures are from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from authz.workers.memory import MEGABYTE, TooManyWorkers, available, check_room, resident

MACHINE = "MemTotal:  8000 kB\nMemFree:  1 kB\nMemAvailable:  4096 kB\n"


@pytest.mark.parametrize(("workers", "free"), [(1, 0), (2, 200), (4, 400), (4, 499)])
def test_room(workers: int, free: int) -> None:
    """Beside the first each takes as much as it does, and the room of one stays free."""
    check_room(workers, 100 * MEGABYTE, free * MEGABYTE)
    if free:
        with pytest.raises(TooManyWorkers, match=f"takes 100 MB.* {free} MB .*room for {workers}$"):
            check_room(workers + 1, 100 * MEGABYTE, free * MEGABYTE)


@pytest.mark.parametrize(
    ("limit", "used", "free"),
    [("max", 0, 4096 * 1024), (2_000_000, 500_000, 1_500_000), (9_000_000, 0, 4096 * 1024)],
)
def test_what_is_free(limit: str | int, used: int, free: int, tmp_path: Path) -> None:
    """A container has what its limit leaves, if that is less than what the machine has."""
    machine = tmp_path / "meminfo"
    machine.write_text(MACHINE)
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(f"{used}\n")

    assert available(machine, tmp_path) == free


def test_no_container(tmp_path: Path) -> None:
    """Where there are no limits, the machine's figure counts."""
    machine = tmp_path / "meminfo"
    machine.write_text(MACHINE)

    assert available(machine, tmp_path) == 4096 * 1024


def test_children_count() -> None:
    """What a process has started is part of what it takes."""
    command = [sys.executable, "-c", "print(flush=True); input()"]
    alone = resident(os.getpid())
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        both, own = resident(os.getpid()), resident(child.pid)
        child.communicate(b"\n")

    assert own > MEGABYTE
    assert both > alone
