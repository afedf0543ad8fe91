"""How hard the promised laws are tried: `docs/laws.md` lists them.

Everyday runs are derandomised, so that a build fails for its change and not
for its luck; the long run draws anew each time, and is there to find.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import settings

Test = TypeVar("Test", bound=Callable[..., Any])

PROMISED = {"everyday": 1_000, "few": 20, "long": 100_000}
"""Examples of each promised law, by profile; `tests/conftest.py` has those of the others."""


def promised(test: Test) -> Test:
    """Try a law as hard as the promise that it stands for."""
    return settings(max_examples=PROMISED[settings.get_current_profile_name()])(test)
