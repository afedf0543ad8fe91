"""Broken worlds through the commands that check them: all that is told, exactly, and where."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from authz.commands.main import application
from tests.broken.rows import WORLD, Row, rows_of, write_world

DIRECTORY, POLICIES = rows_of("directory.yaml"), rows_of("policies.yaml")
ROWS = [("directory", row) for row in DIRECTORY] + [("policy", row) for row in POLICIES]
MEMBERS = ["file", "line", "column", "severity", "message", "hint"]
SEVERITIES = ("error", "warning")
EXCERPT = re.compile(r" +\d+ \| |      +\| ")
CARET = re.compile(r" +\| +\^")

each_row = pytest.mark.parametrize(
    ("command", "row"), ROWS, ids=[f"{command}: {row.name}" for command, row in ROWS]
)


def check(command: str, home: Path, *options: str) -> tuple[int, str]:
    """Give the exit code and what is printed."""
    result = CliRunner().invoke(application, [command, "check", str(home), *options])
    return result.exit_code, result.stdout.replace(str(home), "HOME")


def expected_code(row: Row) -> int:
    """Give the exit code: warnings alone keep nothing from loading."""
    return 3 if any(": error: " in line for line in row.finds) else 0


def test_enough_rows() -> None:
    """There are as many mistakes as there were, and no two of one name."""
    assert len({row.name for row in DIRECTORY}) == len(DIRECTORY) >= 23
    assert len({row.name for row in POLICIES}) == len(POLICIES) >= 31


@pytest.mark.parametrize(
    ("command", "told"), [("directory", "1 warning\n"), ("policy", "no mistakes\n")]
)
def test_sound(command: str, told: str, tmp_path: Path) -> None:
    """What every row changes has no mistake."""
    code, printed = check(command, write_world(WORLD, tmp_path))

    assert (code, printed[-len(told) :]) == (0, told)


@each_row
def test_json(command: str, row: Row, tmp_path: Path) -> None:
    """Programs get one list with every place, message and way out, in their order."""
    code, printed = check(command, write_world(row.files(), tmp_path), "--format", "json")
    found = json.loads(printed)

    assert all(list(each) == MEMBERS for each in found)
    assert [
        f"{each['file']}:{each['line']}:{each['column']}: {each['severity']}: {each['message']}"
        + (f" ({each['hint']})" if each["hint"] else "")
        for each in found
    ] == list(row.finds)
    assert code == expected_code(row)


@each_row
def test_pretty(command: str, row: Row, tmp_path: Path) -> None:
    """People get the same, each with its line, and a caret under the very character."""
    files = row.files()
    code, printed = check(command, write_world(files, tmp_path))
    *lines, summary = printed.splitlines()

    assert [line for line in lines if not EXCERPT.match(line)] == list(row.finds)
    assert code == expected_code(row)
    assert summary == summary_of(row)
    carets = [index for index, line in enumerate(lines) if CARET.fullmatch(line)]
    assert len(carets) == sum(bool(line_of(told, files)) for told in row.finds)
    for index in carets:
        told, excerpt, caret = lines[index - 2 : index + 1]
        column = int(told.split(": ")[0].rpartition(":")[2])
        meant = line_of(told, files)[column - 1 : column]
        assert character_at(excerpt, cell_len(caret) - 1) == meant.expandtabs(1)


def line_of(told: str, files: dict[str, str]) -> str:
    """Give the line that a mistake is told of; empty where nothing is quoted from."""
    file, line, _ = told.split(": ", maxsplit=1)[0].rsplit(":", 2)
    quoted = file in files and file.endswith((".cedar", ".json", ".yaml"))
    return files[file].split("\n")[int(line) - 1] if quoted else ""


def summary_of(row: Row) -> str:
    """Count what *row* expects to be told."""
    counts = [(sum(f": {word}: " in line for line in row.finds), word) for word in SEVERITIES]
    return ", ".join(f"{n} {word}{'s' * (n > 1)}" for n, word in counts if n) or "no mistakes"


def character_at(text: str, cell: int) -> str:
    """Give the character that stands at *cell* of a line on a terminal; empty behind its end."""
    for index, character in enumerate(text):
        if cell_len(text[:index]) == cell and cell_len(character):
            return character
    return ""


def test_warnings_fail_where_that_is_asked_for(tmp_path: Path) -> None:
    """A check before a release may ask for no warnings either; errors fail in any case."""
    home = write_world(WORLD, tmp_path)

    assert check("directory", home, "--fail-on", "warning")[0] == 3
    assert check("policy", home, "--fail-on", "warning")[0] == 0


def test_policies_do_not_wait_for_keys(tmp_path: Path) -> None:
    """Policies can be checked where the issuers' keys are not."""
    files = {name: text for name, text in WORLD.items() if name != "corp.json"}

    assert check("policy", write_world(files, tmp_path))[0] == 0


def test_directory_without_policies(tmp_path: Path) -> None:
    """A directory can be checked where there are no policies yet; policies cannot."""
    files = {name: text for name, text in WORLD.items() if not name.startswith("policies/")}
    home = write_world(files, tmp_path)

    assert check("directory", home)[0] == 0
    assert check("policy", home) == (
        3,
        "policies:1:1: error: the folder is missing (expected in HOME)\n1 error\n",
    )


@pytest.mark.parametrize("arguments", [["no/such/folder"], [".", "--format", "xml"]])
def test_usage(arguments: list[str]) -> None:
    """What the command line cannot mean is exit code 2."""
    assert CliRunner().invoke(application, ["policy", "check", *arguments]).exit_code == 2
