"""Collections of garbage, and building a world, beside those who ask, in one interpreter."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_SECONDS = 0.0005
"""How long the thread that builds goes on while another one waits. A Check waits several times:
with Python's 5 ms each time a reload would be felt by all."""

NEVER = 1_000_000_000

COLLECTED = (5_000, 20, 100)
"""How many containers are made before the young are looked through, how often before the older
are, and those before all. A decision leaves no cycles, but what it keeps for the next is looked
through with everything else: with Python's own numbers that is a tenth of a new user's decision,
and now and then some tenths of a second at once, when memos fill."""


def collect_rarely() -> None:
    """Look for garbage as often as those who only answer Checks leave some."""
    gc.set_threshold(*COLLECTED)


@contextmanager
def beside_requests() -> Iterator[None]:
    """
    Let a block that builds a world hold up others as little as it can.

    No full collection of garbage goes through all worlds meanwhile: it stops
    everybody for a tenth of a second. Young garbage is collected as ever.
    """
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(min(interval, SWITCH_SECONDS))
    gc.set_threshold(*thresholds[:2], NEVER)
    try:
        yield
    finally:
        set_aside()
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(interval)


def set_aside() -> None:
    """
    Let no collection look again at what there is now.

    A world has no cycles, so it goes away with its last request all the same.
    """
    gc.freeze()
