"""What one input may take: more is a finding, as an exception is."""

from __future__ import annotations

import time
from collections.abc import Callable

MAX_SECONDS = 1.0
"""Of processor time; the others on this machine do not count."""

MAX_MEGABYTES = 1024
"""Of the whole process."""


class TooSlow(Exception):
    """An input took more than `MAX_SECONDS`."""


def feed(entry: Callable[[bytes], None], data: bytes) -> float:
    """Feed *data* and give the seconds that it took; `TooSlow` where they are too many."""
    started = time.process_time()
    entry(data)
    spent = time.process_time() - started
    if spent > MAX_SECONDS:
        raise TooSlow(f"{spent:.2f} s for {len(data)} bytes")
    return spent
