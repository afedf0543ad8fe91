"""How far a long reading has come, for whoever waits for it. What is read does not depend on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import TypeVar

Row = TypeVar("Row")


class Stage(StrEnum):
    """A part of the work, as what is done by then."""

    READ = "read"
    VALIDATED = "validated"


Progress = Callable[[Stage, int, int], None]
"""Is told a stage, how many of its parts are done, and of how many."""


def untold(_stage: Stage, _done: int, _of: int) -> None:
    """Tell nobody."""


def count(stage: Stage, parts: Sequence[Row], tell: Progress) -> Iterator[Row]:
    """Give *parts* one after the other, and tell each that is done."""
    tell(stage, 0, len(parts))
    for done, part in enumerate(parts, 1):
        yield part
        tell(stage, done, len(parts))
