"""How many workers a machine has room for, by what one of them takes."""

from __future__ import annotations

from pathlib import Path

MEGABYTE = 1024 * 1024
LIMITS = Path("/sys/fs/cgroup")
MACHINE = Path("/proc/meminfo")

SPARE_WORKERS = 1
"""
Workers' worth of memory that stays free: while a world is replaced one process
has two of it, and another one validates it.
"""


class TooManyWorkers(Exception):
    """There is no room for all; the message has the figures."""


def resident(process: int) -> int:
    """Give the bytes of memory that *process* has now, and those that it has started."""
    place = Path(f"/proc/{process}")
    own = _of(place / "status", "VmRSS")
    lists = (each.read_text() for each in place.glob("task/*/children"))
    children = " ".join(lists).split()
    return own + sum(_of(Path(f"/proc/{child}/status"), "VmRSS") for child in children)


def available(machine: Path = MACHINE, limits: Path = LIMITS) -> int:
    """Give the bytes that can still be had, of the machine or of the container: the fewer."""
    free = _of(machine, "MemAvailable")
    try:
        most = (limits / "memory.max").read_text().strip()
        used = int((limits / "memory.current").read_text())
    except OSError:
        return free
    return free if most == "max" else min(free, max(0, int(most) - used))


def check_room(workers: int, each: int, free: int) -> None:
    """
    Check that all have room, where the first of *workers* runs.

    Args:
        workers: How many there shall be.
        each: Bytes that the first one has.
        free: Bytes that can still be had.

    Raises:
        TooManyWorkers: they have not.
    """
    room = 1 + max(0, free // max(1, each) - SPARE_WORKERS)
    if workers > room:
        raise TooManyWorkers(
            f"{workers} workers do not fit: the first one takes {each // MEGABYTE} MB, beside it"
            f" {free // MEGABYTE} MB are free, and as much as {SPARE_WORKERS} takes has to stay so;"
            f" there is room for {room}"
        )


def _of(table: Path, name: str) -> int:
    for line in table.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{table} has no {name}")
