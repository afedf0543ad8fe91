"""How far a long reading has come, for whoever waits for it. What is read does not depend on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import TypeVar

Row = TypeVar("Row")


class Stage(StrEnum):
    """A part of the work, in the words in which people are told of it."""

    DIRECTORY = "reading the directory"
    POLICIES = "reading policies"
    VALIDATION = "validating policies"


Progress = Callable[[Stage, int, int], None]
"""Is told a stage, how many of its parts are done, and of how many there are."""


def untold(_stage: Stage, _done: int, _of: int) -> None:
    """Tell nobody."""


def count(stage: Stage, parts: Sequence[Row], tell: Progress) -> Iterator[Row]:
    """Give *parts* one after the other, and tell how many are done."""
    tell(stage, 0, len(parts))
    for done, part in enumerate(parts, 1):
        yield part
        tell(stage, done, len(parts))
