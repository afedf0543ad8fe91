"""How many Checks are decided at the same time on threads, and who lets another go first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_WORK = 16
"""Checks that are decided on threads at the same time; only those that wait for others are."""


class Turns:
    """A bounded number of turns; whoever waits for somebody elsewhere gives its turn away."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)

    def take(self, seconds: float) -> bool:
        """Wait at most *seconds* for a turn, and say whether there is one; it is given back."""
        return self._free.acquire(timeout=max(0.0, seconds))

    def give(self) -> None:
        """Give a turn back."""
        self._free.release()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let another have the turn inside the block."""
        self._free.release()
        try:
            yield
        finally:
            self._free.acquire()
