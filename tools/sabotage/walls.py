"""A wall: one place of the source that keeps something out, and how to take it away."""

from __future__ import annotations

import ast
from dataclasses import dataclass

MAX_SHOWN = 72
"""Characters of a wall's text in a table."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the bytes from *start* to *end* of a file."""

    start: int
    end: int
    replacement: str

    def applied(self, text: str) -> str:
        """Give *text* with the edit."""
        raw = text.encode()
        return (raw[: self.start] + self.replacement.encode() + raw[self.end :]).decode()


@dataclass(frozen=True, slots=True)
class Wall:
    """One wall, with the edit that takes it away."""

    file: str
    """Path below the root of the clone, with slashes."""

    line: int
    within: str
    """Dotted name of the function or table that it stands in."""

    removed: str
    """What is taken away, on one line of plain words and source."""

    edit: Edit

    @property
    def place(self) -> str:
        """Where it stands, as editors take it."""
        return f"{self.file}:{self.line}"

    @property
    def line_in_full(self) -> str:
        """Everything about it, on one line."""
        return f"{self.place} {self.within}: {self.removed}"

    def __str__(self) -> str:
        shown = self.removed
        if len(shown) > MAX_SHOWN:
            shown = f"{shown[: MAX_SHOWN - 1]}…"
        return f"{self.place} {self.within}: {shown}"


class Text:
    """The text of one module, by the nodes of its tree."""

    def __init__(self, text: str) -> None:
        self._raw = text.encode()
        self._starts = [0]
        for line in self._raw.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def of(self, node: ast.expr | ast.stmt | ast.pattern) -> str:
        """Give the source of *node* on one line."""
        start, end = self.span(node)
        return " ".join(self._raw[start:end].decode().split())

    def span(self, node: ast.expr | ast.stmt | ast.pattern) -> tuple[int, int]:
        """Give where *node* starts and ends, in bytes."""
        start = self._starts[node.lineno - 1] + node.col_offset
        if node.end_lineno is None or node.end_col_offset is None:
            raise ValueError("a node that was not parsed has no place")
        return start, self._starts[node.end_lineno - 1] + node.end_col_offset

    def instead(self, node: ast.expr | ast.stmt | ast.pattern, replacement: str) -> Edit:
        """Give the edit that writes *replacement* where *node* stands."""
        return Edit(*self.span(node), replacement)
