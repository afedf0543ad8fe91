"""What this process has open."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_HELD = Path("/proc/self/fd")


def opened() -> frozenset[str]:
    """Give the paths of all open descriptors, and the names of those that have none."""
    found: set[str] = set()
    for each in _HELD.iterdir():
        # The one that reads this folder is gone by now.
        with suppress(FileNotFoundError):
            found.add(str(each.readlink()))
    return frozenset(found)
