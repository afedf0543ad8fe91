"""Cedar text to single statements with their places, before any parser sees them.

The engine's parser recurses: some thousand chained operators or brackets end
the process. So a statement's size is counted first, on tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from authz.directory.diagnostics import Position

MAX_OPERATORS = 600
"""Operators and brackets of one statement. The engine ends on about 2,000."""

MAX_NESTED = 300
"""Brackets within brackets. With 8 MiB of stack the engine ends on about 650."""

_TOKEN = re.compile(
    r'(?P<aside>//[^\n\r]*|[^\S\x1c-\x1f]+)|"(?:\\.|[^"\\])*"|\w+|&&|\|\||.', re.DOTALL
)
"""A comment ends at a carriage return too, as the engine's does: else it could hide a policy. And
white space is what Unicode calls so: Python's takes four separators of ASCII besides."""

_COUNTED = frozenset("([{.+*-!<>=") | {"&&", "||", "if"}
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_EFFECTS = frozenset({"permit", "forbid"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One policy as its author wrote it."""

    text: str
    position: Position
    operators: int
    nested: int = 0
    """How deep its brackets stand in each other."""

    @property
    def is_too_large(self) -> bool:
        """Say whether the engine could end on it. Then it is asked nothing about it."""
        return self.operators > MAX_OPERATORS or self.nested > MAX_NESTED

    def at(self, offset: int) -> Position:
        """Give the position of the character at *offset* of `text`."""
        return _moved(self.position, self.text[:offset])


def split_statements(file: str, text: str) -> Iterator[Statement]:
    """Give the statements of *text*; what follows the last semicolon is one too."""
    place, counted = Position(file), 0
    for part, operators, nested in _parts(text):
        # From the statement before on: from the beginning, many statements would take for ever.
        place, counted = _moved(place, text[counted : part.start]), part.start
        yield Statement(text[part], place, operators, nested)


def _parts(text: str) -> Iterator[tuple[slice, int, int]]:
    """Give where each statement stands, its operators, and how deep its brackets are nested."""
    start, operators, depth, nested = None, 0, 0, 0
    for match in tokens(text):
        word = match.group()
        start = match.start() if start is None else start
        operators += word in _COUNTED
        depth = max(0, depth + (word in _OPENING) - (word in _CLOSING))
        nested = max(nested, depth)
        if word == ";":
            yield slice(start, match.end()), operators, nested
            start, operators, depth, nested = None, 0, 0, 0
    if start is not None:
        yield slice(start, len(text)), operators, nested


def scope_end(statement: str) -> int:
    """
    Give the place behind the scope of a policy: the bracket that closes `permit (…)`.

    Raises:
        ValueError: there is none. Whoever uses the place checks with the engine
            that it is the right one.
    """
    depth, is_after_effect, before = 0, False, ""
    for match in tokens(statement):
        word = match.group()
        is_after_effect |= word in _EFFECTS and depth == 0 and before != "@"
        depth += (word == "(") - (word == ")")
        if is_after_effect and word == ")" and depth == 0:
            return match.end()
        before = word
    raise ValueError("it has no scope")


def tokens(text: str) -> Iterator[re.Match[str]]:
    """Give the tokens of *text*, without white space and comments. Operators may be in pieces."""
    for match in _TOKEN.finditer(text):
        if match["aside"] is None:
            yield match


def _moved(place: Position, passed: str) -> Position:
    """Give the position behind *passed*, which stands at *place*."""
    lines = passed.count("\n")
    if lines == 0:
        return Position(place.file, place.line, place.column + len(passed))
    return Position(place.file, place.line + lines, len(passed) - passed.rfind("\n"))
