"""`authz directory show`: all that is declared, or one thing with everything about it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from authz.commands.main import application
from tests.broken.rows import WORLD, write_world
from tests.support.worlds import prepare_home
from tests.unit.directory.changes import ROOT

AGENTS = f"{ROOT}ns/research/agents.yaml"
INPUTS = f"{ROOT}ns/tools/docs.json"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a world with a scope that its Cell cuts away."""
    text = WORLD[AGENTS].replace('scopes: ["docs:read"]', 'scopes: ["docs:read", "mail:send"]')
    return write_world({**WORLD, AGENTS: text}, tmp_path_factory.mktemp("home"))


def show(home: Path, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(application, ["directory", "show", str(home), *arguments])


def test_tables(home: Path) -> None:
    """Without a name there is a table for each kind, and nothing that is declared is left out."""
    result = show(home)

    assert result.exit_code == 0
    for title in ("Gate (1)", "Issuer (1)", "Cell (2)", "Role (1)", "Agent (2)", "Tool (2)"):
        assert title in result.stdout
    names = [row["name"] for row in json.loads(show(home, "--format", "json").stdout)]
    assert len(names) == 10
    assert all(name in result.stdout for name in names)
    assert "mail:send (by Cell research)" in result.stdout


ONE = (
    ("research/assistant", "Agent", "mail:send (by Cell research)"),
    ("research/assistant", "Agent", "tools/docs: annotate (lacks docs:write), search"),
    ("research/assistant", "Agent", "research/writer (an agent)"),
    ("tools/docs", "MCPServer", "docs.tools.svc/mcp"),
    ("tools/docs/annotate", "Tool", "research/assistant (lacks docs:write)"),
    ("tools/docs/search", "Tool", "query?: String"),
    ("corp", "Issuer", "https://idp.example.com"),
    ("operator", "Role", "corp/operators"),
    ("research", "Cell", "spiffe://example.org/ns/research/"),
    ("default", "Gate", "out at unix:run/out.sock"),
)


@pytest.mark.parametrize(("name", "kind", "says"), ONE)
def test_one(name: str, kind: str, says: str, home: Path) -> None:
    """With a name everything about it is shown, in both forms, with its place."""
    result = show(home, name)
    (row,) = json.loads(show(home, name, "--format", "json").stdout)

    assert (row["kind"], row["name"]) == (kind, name)
    place = f"{row['file']}:{row['line']}:{row['column']}"
    assert result.stdout.startswith(f"{kind} {name} {place}\n")
    assert says in result.stdout
    assert all(fact in result.stdout for fact in row["facts"])


def test_how_policies_read_arguments(tmp_path: Path) -> None:
    """Each argument has its Cedar type; one that has none is told, for no policy can read it."""
    schema = {
        "required": ["sum", "to"],
        "properties": {
            "sum": {"type": "number"},
            "to": {"type": "object", "properties": {"iban": {"type": "string"}}},
            "tags": {"type": "array", "items": {"type": "string"}},
            "limit": {"type": ["integer", "null"]},
            "either": {"type": ["integer", "string"]},
            "misspelt": {"type": "strng"},
        },
    }
    text = json.dumps({**json.loads(WORLD[INPUTS]), "search": schema})
    changed = write_world({**WORLD, INPUTS: text}, tmp_path)

    (row,) = json.loads(show(changed, "tools/docs/search", "--format", "json").stdout)

    assert row["facts"]["arguments"] == [
        "either: untyped",
        "limit?: Long",
        "misspelt: untyped",
        "sum: decimal",
        "tags?: Set<String>",
        'to: { "iban"?: String }',
    ]


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the worked world, with keys."""
    return prepare_home(tmp_path_factory.mktemp("worked"))


OFFERED = (
    ("tools/docs/page", "MCPResource", "docs://pages/{page}"),
    ("tools/docs/summarise", "Prompt", "research/research-agent"),
    ("tools/docs", "MCPServer", "greet, review, summarise"),
    ("tools/docs", "Tasks", "docs:read"),
    ("research/research-agent", "Agent", "prompt greet, prompt summarise, resource handbook"),
)


@pytest.mark.parametrize(("name", "kind", "says"), OFFERED)
def test_what_servers_offer(name: str, kind: str, says: str, worked: Path) -> None:
    """Prompts, resources and tasks are shown like tools, and who lists them."""
    result = show(worked, name)

    assert f"{kind} {name}" in result.stdout
    assert says in result.stdout


def test_quarantined(tmp_path: Path) -> None:
    """A tool that clashes with a policy names it; where policies do not load, nobody knows."""
    rule = '@id("few") forbid (principal, action in Action::"tools/call", resource)'
    policy = f"{rule} when {{ context.input has query && context.input.query > 5 }};"
    home = write_world({**WORLD, "policies/global/few.cedar": policy}, tmp_path)
    quarantined = show(home, "tools/docs/search").stdout

    assert "clash with policy few (policies/global/few.cedar:1:1)" in quarantined
    assert "clash" not in show(home, "tools/docs/annotate").stdout
    (home / "policies/global/few.cedar").write_text("nonsense")
    assert "clash" not in show(home, "tools/docs/search").stdout


def test_members_of_json(home: Path) -> None:
    """Programs get a list of entries of one shape."""
    rows = json.loads(show(home, "--format", "json").stdout)

    assert {tuple(row) for row in rows} == {("kind", "name", "file", "line", "column", "facts")}


def test_nothing_of_that_name(home: Path) -> None:
    """A misspelt name is a mistake in the command, told with the nearest one."""
    result = show(home, "tools/dcos")

    assert result.exit_code == 2
    assert "nothing is declared as 'tools/dcos': did you mean 'tools/docs'?" in result.stderr


def test_broken_directory(tmp_path: Path) -> None:
    """Of a directory that does not load, the mistakes are shown instead."""
    home = write_world({**WORLD, f"{ROOT}notes.txt": ""}, tmp_path)

    assert show(home).exit_code == 3
    assert show(home).stdout.endswith("1 error\n")
    (mistake,) = json.loads(show(home, "--format", "json").stdout)
    assert mistake["file"] == f"{ROOT}notes.txt"
