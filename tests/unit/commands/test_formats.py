"""`commands.formats`: programs are told what was found, whatever files are called and say."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from authz.commands.formats.github import commands
from authz.commands.formats.plain import shown
from authz.commands.formats.sarif import as_sarif
from authz.commands.main import application
from authz.directory.diagnostics import Diagnostic, Position, Severity
from authz.directory.rules import HELP, Rule
from tests.broken.rows import WORLD, Row, rows_of, write_world

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "tests/vectors/sarif/sarif-schema-2.1.0.json").read_text())
VALIDATOR = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker())

HOSTILE = (
    "x\n::error::forged",
    "x\r::stop-commands::t",
    "x\r\n##[error]forged",
    "a,line=1::set-output name=x::y",
    "100%0A::error::",
    "\x1b[2J\u202e",
    "\u2028::error::",
    "{0} {{1}} [there](https://example.com) \\[x](0)",
    "[a\\[b\\]](https://example.com) [a[b]](https://example.com) []](0)",
    "\udcff",
)
TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.sampled_from("ab:,%\r\n=;#[](){}0 \t\x1b\u2028\u202e/é日\udc80"), max_size=40),
)
FOUND = st.lists(
    st.builds(
        Diagnostic,
        st.builds(Position, TEXTS, st.integers(1, 9), st.integers(1, 9)),
        TEXTS,
        TEXTS,
        st.sampled_from(Severity),
        st.sampled_from(Rule),
    ),
    max_size=4,
)


def read_command(line: str) -> tuple[str, dict[str, str], str]:
    """Read a line as a runner does: command, properties and message."""
    match = re.fullmatch(r"::([a-z-]+) (.*?)::(.*)", line, re.DOTALL)
    assert match is not None, line
    pairs = (pair.partition("=") for pair in match[2].split(","))
    return match[1], {name: _read(value) for name, _, value in pairs}, _read(match[3])


def _read(value: str) -> str:
    for written, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ",")):
        value = value.replace(written, character)
    return value.replace("%25", "%")


def whole(row: Diagnostic) -> str:
    """Give what is told of a mistake."""
    text = f"{row.message}\n{row.hint}" if row.hint else row.message
    return "\n".join(map(shown, text.split("\n")))


@given(FOUND)
def test_github_forges_nothing(found: list[Diagnostic]) -> None:
    """One command a mistake and no other; a runner reads back what was found."""
    written = "".join(f"{line}\n" for line in commands(found))
    lines = written.splitlines()

    assert len(lines) == len(found)
    for line, row in zip(lines, found, strict=True):
        name, properties, message = read_command(line)
        assert line.isprintable()
        assert name == str(row.severity)
        assert list(properties) == ["file", "line", "col", "title"]
        assert properties["file"] == shown(row.position.file)
        assert properties["line"] == str(row.position.line)
        assert properties["col"] == str(row.position.column)
        assert message == whole(row)


@settings(max_examples=40)
@given(FOUND)
def test_sarif_is_valid(found: list[Diagnostic]) -> None:
    """It holds to the schema, and each result has its rule, its place and what was found."""
    log = json.loads(as_sarif(found))
    VALIDATOR.validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]

    assert len(run["results"]) == len(found)
    for result, row in zip(run["results"], found, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == row.rule
        assert result["level"] == str(row.severity)
        assert _displayed(result["message"]["text"]) == whole(row).replace("](", "] (")
        region = result["locations"][0]["physicalLocation"]["region"]
        assert region == {"startLine": row.position.line, "startColumn": row.position.column}


def _displayed(text: str) -> str:
    """Show a message as a reader of SARIF does: it finds no link, whatever it takes for escaped."""
    assert "](" not in text
    assert re.search(r"(?<!\{)(?:\{\{)*\{(?!\{)", text) is None
    return text.replace("{{", "{").replace("}}", "}")


def test_schema_can_fail() -> None:
    """The schema refuses a log with a place that does not exist."""
    log = json.loads(as_sarif([Diagnostic(Position("a.yaml", 0), "x")]))

    with pytest.raises(jsonschema.ValidationError, match="0 is less than the minimum"):
        VALIDATOR.validate(log)


@pytest.mark.parametrize(
    ("file", "location"),
    [
        ("a b/ü%.yaml", {"uri": "a%20b/%C3%BC%25.yaml", "uriBaseId": "%SRCROOT%"}),
        ("c:x", {"uri": "c%3Ax", "uriBaseId": "%SRCROOT%"}),
        ("/elsewhere/#.yaml", {"uri": "file:///elsewhere/%23.yaml"}),
    ],
)
def test_sarif_uris(file: str, location: dict[str, str]) -> None:
    """Files are relative to the root; one elsewhere is absolute."""
    (run,) = json.loads(as_sarif([Diagnostic(Position(file), "x")]))["runs"]

    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == location


def test_help() -> None:
    """Every rule says what it asks for and what to do, in plain text."""
    assert HELP.keys() == set(Rule)
    assert all(text.isprintable() and text for told in HELP.values() for text in told)


ROWS = [("directory", row) for row in rows_of("directory.yaml")] + [
    ("policy", row) for row in rows_of("policies.yaml")
]


def checked(command: str, home: str, form: str) -> tuple[int, str]:
    """Give the exit code and the output of a check."""
    result = CliRunner().invoke(application, [command, "check", home, "--format", form])
    return result.exit_code, result.stdout


def places(text: str) -> Sequence[tuple[str, int, int, str]]:
    """Give file, line, column and severity of everything in a SARIF log."""
    (run,) = json.loads(text)["runs"]
    return [_place(result) for result in run["results"]]


def _place(result: dict[str, Any]) -> tuple[str, int, int, str]:
    place = result["locations"][0]["physicalLocation"]
    region = place["region"]
    uri = place["artifactLocation"]["uri"]
    return uri, region["startLine"], region["startColumn"], result["level"]


@pytest.mark.parametrize(("command", "row"), ROWS, ids=[f"{at}: {row.name}" for at, row in ROWS])
def test_same_in_all_forms(
    command: str, row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each form tells the same mistakes at the same places, with the same exit code."""
    write_world(row.files(), tmp_path / "deploy/world")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    code, told = checked(command, "deploy/world", "json")
    expected = [
        (f"deploy/world/{each['file']}", each["line"], each["column"], each["severity"])
        for each in json.loads(told)
    ]
    sarif_code, sarif = checked(command, "deploy/world", "sarif")
    github_code, github = checked(command, "deploy/world", "github")
    lines = [read_command(line) for line in github.splitlines()[:-1]]

    VALIDATOR.validate(json.loads(sarif))
    assert (sarif_code, github_code) == (code, code)
    assert places(sarif) == expected
    assert [
        (each["file"], int(each["line"]), int(each["col"]), name) for name, each, _ in lines
    ] == expected
    assert not github.splitlines()[-1].startswith("::")


def test_rules_of_broken_worlds(tmp_path: Path) -> None:
    """The rows of broken worlds break many rules, so the names are not all one."""
    found: set[str] = set()
    for at, (command, row) in enumerate(ROWS):
        home = write_world(row.files(), tmp_path / str(at))
        (run,) = json.loads(checked(command, str(home), "sarif")[1])["runs"]
        found.update(each["ruleId"] for each in run["results"])

    told_elsewhere = {Rule.TOOL_QUARANTINED, Rule.TEST_CASE, Rule.TEST_FAILED, Rule.TEST_COVERAGE}
    assert found == set(Rule) - told_elsewhere


def test_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that runs in a folder of the repository tells places from the repository's root."""
    home = write_world({**WORLD, "policies/global/x.cedar": "permit"}, tmp_path / "deploy/world")
    monkeypatch.chdir(home)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    code, told = checked("policy", ".", "github")

    assert code == 3
    assert told.startswith("::error file=deploy/world/policies/global/x.cedar,line=1,col=7,")


def test_hostile_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is called like a command, in a repository that strangers write to, is a file."""
    name = "policies/global/x,line=7::\n::error::forged.txt"
    home = write_world({**WORLD, name: "y"}, tmp_path)
    monkeypatch.chdir(home)
    code, told = checked("policy", ".", "github")

    assert code == 3
    assert [line[:8] for line in told.splitlines()] == ["::error ", "1 error"]


CASES = """\
now: "2026-06-03T10:00:00Z"
cases:
  - name: an amount is a number
    as: [finance/payer]
    call: finance/payments/refund
    args: {order: o-1, amount: 1.5, currency: EUR}
    expect: bad_argument
"""


def test_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A case that is not as expected is told at what it expects, with why; exit code 4."""
    world = str(ROOT / "tests/world")
    (tmp_path / "a.test.yaml").write_text(CASES)
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(
        application, ["policy", "test", world, "a.test.yaml", "--format", "sarif"]
    )
    log = json.loads(told.stdout)
    VALIDATOR.validate(log)
    (result,) = log["runs"][0]["results"]

    assert told.exit_code == 4
    assert result["ruleId"] == "test-failed"
    assert places(told.stdout) == [("a.test.yaml", 7, 13, "error")]
    assert "expected bad_argument, got no_permit" in result["message"]["text"]


@pytest.mark.parametrize(("percent", "code", "command"), [(0, 0, "warning"), (100, 4, "error")])
def test_coverage(percent: int, code: int, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no case has seen is a warning, and an error where it makes the command fail."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    told = CliRunner().invoke(
        application,
        ["policy", "test", "tests/world", "--min-coverage", str(percent), "--format", "github"],
    )
    lines = [read_command(line) for line in told.stdout.splitlines()[:-1]]

    assert told.exit_code == code
    assert lines
    assert {name for name, _, _ in lines} == {command}
    assert all(each["file"].startswith("tests/world/policies/") for _, each, _ in lines)
