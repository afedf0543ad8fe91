"""Waiting for what another thread or process does, with an end to it."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT_SECONDS = 30.0


def wait_until(
    holds: Callable[[], bool], pause: float = 0.005, limit: float = LIMIT_SECONDS
) -> None:
    """
    Return once *holds* says yes; it is asked again after *pause* seconds.

    Raises:
        AssertionError: it has not within *limit* seconds.
    """
    deadline = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(pause)
