"""`commands.report`: lines are cut and cleaned, and the caret stays under its place."""

from __future__ import annotations

import io
import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from authz.commands.formats.plain import shown
from authz.commands.report import MAX_CELLS, Sources, as_json, cut, pretty
from authz.directory.diagnostics import Diagnostic, Position, Severity

CUTS = (
    ("abc", 1, "abc", 0),
    ("abc", 3, "abc", 2),
    ("abc", 9, "abc", 3),
    ("\ta\tb", 2, "    a   b", 4),
    ("日本x", 3, "日本x", 4),
    ("e\u0301x", 3, "e\u0301x", 1),
    ("a\x1b[31mb", 2, "a\ufffd[31mb", 1),
    ("a\u202eb", 3, "a\ufffdb", 2),
)


@pytest.mark.parametrize(("line", "column", "excerpt", "cells"), CUTS)
def test_cut(line: str, column: int, excerpt: str, cells: int) -> None:
    """Tabs, wide and combining characters are counted as a terminal does."""
    assert cut(line, column) == (excerpt, cells)


TEXTS = st.text(st.sampled_from(string.printable + "日\u0301\u202e\x85\x1b"), max_size=400)


@given(TEXTS, st.integers(1, 420))
def test_cut_fits_and_keeps_its_place(line: str, column: int) -> None:
    """Whatever a line holds, what is shown fits, and the place is the character that was meant."""
    excerpt, cells = cut(line, column)

    assert cell_len(excerpt) <= MAX_CELLS
    assert cells < MAX_CELLS
    assert excerpt.isprintable()
    meant = line[column - 1 : column]
    if meant.isprintable() and cell_len(meant) == 1 and meant != " ":
        assert any(
            excerpt[index] == meant and cell_len(excerpt[:index]) == cells
            for index in range(len(excerpt))
        )


def test_long_line() -> None:
    """Of a line of megabytes the surroundings are shown."""
    excerpt, cells = cut("a" * 2_000_000 + "X" + "b" * 2_000_000, 2_000_001)

    assert excerpt[cells] == "X"
    assert excerpt[0] == excerpt[-1] == "…"
    assert len(excerpt) == MAX_CELLS


@given(st.text())
def test_nothing_moves_the_cursor(text: str) -> None:
    """No control character of a file or name reaches the terminal."""
    assert shown(text).isprintable()


MISTAKE = Diagnostic(Position("a\x1b]0;x.yaml", 2, 3), "say \x1b[2J", "or \u202eoff")


def printed(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, force_terminal: bool = False
) -> str:
    """Print a mistake as on a terminal, or not."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    for name, value in {"TERM": "xterm-256color", **environment}.items():
        monkeypatch.setenv(name, value)
    output = io.StringIO()
    Console(file=output, highlight=False, force_terminal=force_terminal).print(
        pretty([MISTAKE], Sources(Path("/nowhere"))), soft_wrap=True
    )
    return output.getvalue()


def test_mistake_cannot_write_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names and messages are cleaned too; a file that cannot be read shows no line."""
    assert printed({}, monkeypatch) == (
        "a\ufffd]0;x.yaml:2:3: error: say \ufffd[2J (or \ufffdoff)\n1 error\n"
    )


def test_colour_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colour is for terminals, and for none where NO_COLOR is set."""
    assert "\x1b" not in printed({}, monkeypatch)
    assert "\x1b[1;31m" in printed({}, monkeypatch, force_terminal=True)
    assert "31m" not in printed({"NO_COLOR": "1"}, monkeypatch, force_terminal=True)


@given(st.lists(st.builds(Diagnostic, st.builds(Position, st.text()), st.text(), st.text())))
def test_json_is_one_document(found: list[Diagnostic]) -> None:
    """Whatever is told, it is one JSON list in ASCII, and says all of it."""
    text = as_json(found)

    assert text.isascii()
    assert [(row["file"], row["message"], row["hint"]) for row in json.loads(text)] == [
        (row.position.file, row.message, row.hint) for row in found
    ]


def test_severity_in_json() -> None:
    """A warning is called so."""
    warning = Diagnostic(Position("f"), "m", severity=Severity.WARNING)

    assert json.loads(as_json([warning]))[0]["severity"] == "warning"
