"""What can be measured: a name, a sentence, and a function that gives tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.own.tables import Table


@dataclass(frozen=True, slots=True)
class Setting:
    """How much may be done, and where."""

    folder: Path
    """Empty, for whatever a subject writes."""

    is_quick: bool
    """A tenth of the work: enough to see that it works, not to quote."""

    say: Callable[[str], None]
    """Tells somebody who waits what is being done."""

    def rounds(self, most: int) -> int:
        """Give how many rounds are measured where *most* are wanted."""
        return max(4, most // 4) if self.is_quick else most


Run = Callable[[Setting], Sequence[Table]]


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that can be measured."""

    name: str
    what: str
    run: Run
