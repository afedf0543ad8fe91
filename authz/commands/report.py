"""Mistakes of a world: for people with the lines that they stand in, for programs as data."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from authz.commands.formats.github import commands
from authz.commands.formats.plain import shown
from authz.commands.formats.sarif import as_sarif
from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position, Severity
from authz.settings import Exit
from authz.sources.folder import TEXTS, read_file

MAX_CELLS = 96
"""How much of a line is shown, in columns of a terminal."""

MAX_READ = 4 * MAX_CELLS
"""How many characters to each side of a place are looked at: combining ones have no width."""

CUT = "…"

_YAML_LINE = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow"}


class Format(StrEnum):
    """How a command prints what it has found."""

    PRETTY = "pretty"
    JSON = "json"


class CheckFormat(StrEnum):
    """How a command that looks for mistakes prints them."""

    PRETTY = "pretty"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


class Sources:
    """Lines of the files that mistakes are in, each file read once."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lines: dict[str, Sequence[str]] = {}

    def line(self, place: Position) -> str:
        """Give the line of *place*; empty where there is none, or where nothing is quoted from."""
        if place.file not in self._lines:
            self._lines[place.file] = self._read(place.file)
        lines = self._lines[place.file]
        return lines[place.line - 1] if place.line <= len(lines) else ""

    def _read(self, file: str) -> Sequence[str]:
        if not file.endswith(TEXTS):
            return ()
        try:
            text = read_file(self._home / file).decode("utf-8", errors="replace")
        except (OSError, ValueError):
            return ()
        return text.split("\n") if file.endswith(".cedar") else _YAML_LINE.split(text)


def found_in(read: Callable[[Path], Sequence[Diagnostic]], home: Path) -> Sequence[Diagnostic]:
    """Give what *read* finds in *home*: the warnings that it gives, or every mistake."""
    try:
        return tuple(read(home))
    except InvalidWorld as error:
        return error.diagnostics


def report(found: Sequence[Diagnostic], home: Path, form: CheckFormat, least: Severity) -> Exit:
    """
    Print what was found in *home*.

    Args:
        found: Its warnings, or every mistake.
        home: A world's folder.
        form: How to print.
        least: What makes the command fail: warnings too, or errors alone.

    Returns:
        What to exit with.
    """
    tell(found, home, form)
    failing = {Severity.ERROR, least}
    return Exit.INVALID_WORLD if any(row.severity in failing for row in found) else Exit.OK


def tell(found: Sequence[Diagnostic], home: Path, form: CheckFormat) -> None:
    """Print *found*, whose files lie in *home*; what programs read names them from the root."""
    match form:
        case CheckFormat.PRETTY:
            console().print(pretty(found, Sources(home)), soft_wrap=True)
        case CheckFormat.JSON:
            typer.echo(as_json(found))
        case CheckFormat.GITHUB:
            for line in (*commands(from_root(found, home)), summary(found)):
                typer.echo(line)
        case CheckFormat.SARIF:
            typer.echo(as_sarif(from_root(found, home)))


def from_root(found: Iterable[Diagnostic], home: Path) -> list[Diagnostic]:
    """
    Give *found* with files as they are called from the root of the repository.

    That is where GitHub says that its workspace is, else the working directory. A
    file elsewhere has its absolute path.
    """
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    top = home.resolve()

    def called(file: str) -> str:
        path = top / file
        return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()

    return [
        replace(row, position=replace(row.position, file=called(row.position.file)))
        for row in found
    ]


def console() -> Console:
    """Give standard output: coloured on a terminal only, and never where NO_COLOR is set."""
    return Console(highlight=False, markup=False, emoji=False)


def as_json(found: Iterable[Diagnostic]) -> str:
    """Write one JSON array, a diagnostic a line, in plain ASCII."""
    rows = (
        {
            "file": row.position.file,
            "line": row.position.line,
            "column": row.position.column,
            "severity": str(row.severity),
            "message": row.message,
            "hint": row.hint,
        }
        for row in found
    )
    lines = ",\n ".join(map(json.dumps, rows))
    return f"[{lines}]"


def pretty(found: Sequence[Diagnostic], sources: Sources) -> Text:
    """Write every diagnostic with its line and a caret under its place, then how many there are."""
    text = Text()
    for row in found:
        text.append(shown(f"{row.position}: "), "bold")
        text.append(f"{row.severity}:", _STYLES[row.severity])
        text.append(shown(f" {row.message}"))
        text.append(shown(f" ({row.hint})") if row.hint else "", "dim")
        text.append("\n")
        line = sources.line(row.position)
        if line.strip():
            excerpt, cells = cut(line, row.position.column)
            number = f"{row.position.line:>6} | "
            text.append(f"{number}{excerpt}\n", "dim")
            text.append(f"{'| ':>{len(number)}}{' ' * cells}^\n", _STYLES[row.severity])
    text.append(summary(found))
    return text


def summary(found: Iterable[Diagnostic]) -> str:
    """Say how many errors and warnings there are."""
    counts = Counter(row.severity for row in found)
    parts = [f"{n} {each}{'s' * (n != 1)}" for each in Severity if (n := counts[each])]
    return ", ".join(parts) or "no mistakes"


def cut(line: str, column: int) -> tuple[str, int]:
    """
    Give what is shown of *line*, and how many cells of it are left of *column*.

    Args:
        line: A line of a file, of any length.
        column: Characters, from 1; it may be behind the end.
    """
    near = (
        slice(max(0, column - 1 - MAX_READ), column - 1),
        slice(column - 1, column - 1 + MAX_READ),
    )
    left, right = (shown(line[part]) for part in near)
    after = right.rstrip()
    before = _tail(left, max(MAX_CELLS // 2, MAX_CELLS - cell_len(after) - 1))
    return before + _head(after, MAX_CELLS - cell_len(before)), cell_len(before)


def _head(text: str, cells: int) -> str:
    """Give the beginning of *text* that has room in *cells*, which are at least two."""
    head = text[:cells]
    if head == text and cell_len(head) <= cells:
        return head
    while cell_len(head) > cells - 1:
        head = head[:-1]
    return head + CUT


def _tail(text: str, cells: int) -> str:
    """Give the end of *text* that has room in *cells*."""
    tail = text[-cells:]
    if tail == text and cell_len(tail) <= cells:
        return tail
    while cell_len(tail) > cells - 1:
        tail = tail[1:]
    return CUT + tail
