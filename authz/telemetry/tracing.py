"""What a decision tells of itself to whoever traces; nothing is loaded for it here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from authz.model.outcome import Facts


class Waited(NamedTuple):
    """A while for which a Check waited for somebody else."""

    need: str
    """The kind of what it had to know."""

    began: int
    ended: int
    """Of `perf_counter_ns`."""


class Tracing(Protocol):
    """Makes spans of decisions that are recorded."""

    def tell(
        self, record: Mapping[str, Any], facts: Facts, began: int, waits: Sequence[Waited]
    ) -> None:
        """
        Make a span of one Check, if it is to have one. Raises nothing.

        Args:
            record: What is recorded of it.
            facts: What its steps learned.
            began: When it arrived, by `perf_counter_ns`; it ends now.
            waits: Its children.
        """
