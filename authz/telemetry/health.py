"""How a gate stands, in one document for people and scripts: `authz status` shows it.

JSON from the beginning, because workers tell it to their supervisor. Nothing
secret is in it; messages about mistakes quote what stands in the directory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from authz import __version__
from authz.model.instant import Instant, as_datetime
from authz.telemetry.counts import Totals

Process = Mapping[str, Any]
"""How one process stands; its `troubles` are sentences."""


class IssuerHealth(NamedTuple):
    """How it goes to ask one issuer."""

    why_not: str
    """Why the last question was in vain; empty where it was not."""

    keys: int | None = None
    """How many of its keys are known; None where they are not fetched."""

    usable_until: int | None = None
    """Until when they may be used, in seconds since 1970; None where they are not fetched."""

    def can_be_used(self, now: Instant) -> bool:
        """Say whether tokens of this issuer can be verified at *now*."""
        return self.usable_until is None or now < self.usable_until


def document(
    processes: Sequence[Process], totals: Totals, restarts: int, now: Instant
) -> dict[str, object]:
    """
    Give the whole document.

    Args:
        processes: How each stands.
        totals: What all have counted.
        restarts: How many ended and were replaced.
        now: The moment of it.
    """
    troubles = list(_troubles(processes))
    return {
        "version": __version__,
        "time": moment(now),
        "fine": not troubles,
        "troubles": troubles,
        "answers": {reason: count for reason, count in totals.checks.items() if count},
        "restarts": restarts,
        "processes": list(processes),
    }


def _troubles(processes: Sequence[Process]) -> Iterable[str]:
    for process in processes:
        whose = f"worker {process['worker']}: " if len(processes) > 1 else ""
        if not process["ready"]:
            yield f"{whose}should not be sent Checks"
        for trouble in process.get("troubles", ()):
            yield f"{whose}{trouble}"


def moment(instant: int) -> str:
    """Give an instant as the document has it."""
    return f"{as_datetime(Instant(instant)):%Y-%m-%dT%H:%M:%SZ}"
