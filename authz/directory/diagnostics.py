"""How a mistake in a file is told: where it is, what is wrong, and the way out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum
from heapq import nlargest

from authz.directory.rules import Rule

MAX_COMPARED = 200
MAX_WORD = 256
"""Characters of a word for which a near one is looked for: a comparison takes their square."""


class Severity(StrEnum):
    """An error keeps a world from loading; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake, in the words of whoever has to mend it."""

    position: Position
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    rule: Rule = field(default=Rule.DECLARATION, compare=False)
    """Which kind of mistake it is, for programs; people go by the message."""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.position}: {self.severity}: {self.message}{hint}"


class InvalidWorld(Exception):
    """A folder that does not load, with everything that is wrong with it."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(diagnostics, key=lambda d: (d.position, d.message)))
        super().__init__("\n".join(map(str, self.diagnostics)))


def under(rule: Rule, found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Give *found* as mistakes of one kind."""
    return [replace(each, rule=rule) for each in found]


def nearest(word: str, known: Iterable[str]) -> str:
    """
    Say which of *known* may have been meant by *word*; empty when none is near.

    Of many, only the `MAX_COMPARED` are compared that begin and end most like
    it, since a comparison takes some tenths of a millisecond.
    """
    if len(word) > MAX_WORD:
        return ""
    alike = nlargest(MAX_COMPARED, sorted(set(known)), key=lambda each: _shared_ends(word, each))
    close = get_close_matches(word, alike, n=1)
    return f"did you mean {close[0]!r}?" if close else ""


def _shared_ends(one: str, other: str) -> int:
    """Give how many characters two words share at their beginning and at their end."""
    return _shared_beginning(one, other) + _shared_beginning(one[::-1], other[::-1])


def _shared_beginning(one: str, other: str) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
