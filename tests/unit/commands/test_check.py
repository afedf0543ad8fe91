"""`authz check`: what is told, what is read, and what it exits with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from authz.commands.main import application
from authz.server.decision_point import DecisionPoint
from tests.support.cases import case_named
from tests.support.direct import KeptRecords, decide_case
from tests.support.values import replace

AGENT, TOOL = "research/research-agent", "tools/docs/search"
ALICE = ("--user", "corp/alice", "--group", "corp/researchers")
SEARCH = ("--agent", AGENT, "--tool", TOOL, "--args", '{"query": "a secret"}')
SECRET = "a secret"


def check(home: Path, *arguments: str, given: str | None = None) -> Result:
    """Run the command."""
    return CliRunner().invoke(application, ["check", str(home), *arguments], input=given)


def document(home: Path, *arguments: str, given: str | None = None) -> Mapping[str, Any]:
    """Run the command, and give what it tells programs."""
    result = check(home, *arguments, "--format", "json", given=given)
    assert result.exit_code == 0, result.output
    told: Mapping[str, Any] = json.loads(result.output)
    return told


def test_allowed(home: Path) -> None:
    """The verdict comes first, then the steps, who holds what, and the policies word by word."""
    result = check(home, *ALICE, *SEARCH)
    lines = result.output.splitlines()

    assert result.exit_code == 0
    assert lines[0] == "allow: allow, step 12"
    assert "   8 check user         passed" in lines
    assert "  user: has docs:read; lacks none" in lines
    assert '    @id("read-only-tools")' in lines
    assert "policies/global/grants.cedar:" in result.output
    assert "would have to be" not in result.output


def test_quarantined(home: Path) -> None:
    """A tool that clashes with a policy is refused, and both are named, with the way out."""
    call = ("--agent", AGENT, "--tool", "tools/importer/import_pages", "--args", '{"path": ["a"]}')
    result = check(home, *ALICE, *call)
    lines = result.output.splitlines()

    assert lines[0] == "deny: tool_quarantined, step 6"
    assert "policy workspace-paths-only (policies/global/guardrails.cedar:" in lines[1]
    assert "it would have to be of types that every general policy fits" in lines[-1]


def test_as_json(home: Path) -> None:
    """Programs get the same, in members that stay."""
    told = document(home, *ALICE, *SEARCH)

    assert told["verdict"] == told["reason"] == "allow"
    assert [step["state"] for step in told["steps"]] == ["passed"] * len(told["steps"])
    assert told["scopes"]["user"] == {"has": ["docs:read"], "lacks": []}
    assert {leg["party"] for leg in told["legs"]} == {"user", AGENT}
    assert told["legs"][0]["policies"][0]["id"] == "read-only-tools"
    assert (told["changes"], told["uncertain_because_of"]) == ([], [])


def test_json_in_short(home: Path) -> None:
    """`--json` is the short way to say it."""
    short = check(home, *ALICE, *SEARCH, "--json")

    assert json.loads(short.output) == document(home, *ALICE, *SEARCH)


def test_denied(home: Path) -> None:
    """A denial says what it saw and what would turn it, and still exits with 0: it was decided."""
    result = check(home, "--user", "corp/rita", *SEARCH)

    assert result.exit_code == 0
    assert result.output.startswith("deny: user_lacks_scope, step 8")
    assert "(tried: with this it is allowed)" in result.output
    assert (
        "the Roles of corp/rita (nothing): scopes, within their Cells is without" in result.output
    )


USES = (
    ("--prompt", "tools/docs/summarise", ("--args", '{"topic": "tides"}'), "allow"),
    ("--prompt", "tools/docs/summarise", ("--args", '{"topic": "salaries"}'), "forbidden"),
    ("--prompt", "tools/docs/review", (), "operation_undeclared"),
    ("--prompt", "tools/docs/nope", (), "operation_undeclared"),
    ("--resource", "tools/docs/docs://pages/tides", (), "allow"),
    ("--resource", "tools/docs/docs://pages/draft-1", (), "forbidden"),
    ("--resource", "tools/docs/docs://pages/..", (), "operation_undeclared"),
)


@pytest.mark.parametrize(("option", "name", "more", "reason"), USES)
def test_prompts_and_resources(
    option: str, name: str, more: tuple[str, ...], reason: str, home: Path
) -> None:
    """A prompt is asked for by its name, a resource by its URI; values stay masked."""
    told = document(home, *ALICE, "--agent", AGENT, option, name, *more)

    assert told["reason"] == reason


def test_values_of_prompts_stay_masked(home: Path) -> None:
    """What a prompt's argument says is shown nowhere."""
    arguments = ("--prompt", "tools/docs/summarise", "--args", '{"topic": "hush"}')
    result = check(home, "--user", "corp/rita", "--agent", AGENT, *arguments, "--json")

    assert '"verdict": "deny"' in result.output
    assert "hush" not in result.output


def test_values_stay_masked(home: Path) -> None:
    """A value is shown only where the tool's `record` opens it, although the caller typed it."""
    path = ("--agent", AGENT, "--tool", "tools/docs/read_page", "--args", '{"path": "/etc/secret"}')

    for form in ("pretty", "json"):
        result = check(home, *ALICE, *path, "--format", form)
        assert "forbidden" in result.output
        assert "string, masked" in result.output
        assert "/etc/secret" not in result.output


def test_session(home: Path) -> None:
    """What keeps a session going is asked by its target alone; it needs no user."""
    told = document(home, "--agent", AGENT, "--session", "tools/docs")

    assert told["reason"] == "allow"
    assert told["scopes"] == {}


def test_request_file(home: Path, tmp_path: Path) -> None:
    """A file, or standard input, tells the same as the options."""
    members = {
        "agent": AGENT,
        "tool": TOOL,
        "args": {"query": SECRET},
        "user": "corp/alice",
        "groups": ["corp/researchers"],
    }
    file = tmp_path / "call.json"
    file.write_text(json.dumps(members))

    by_options = document(home, *ALICE, *SEARCH)
    assert document(home, "--request", str(file)) == by_options
    assert document(home, "--request", "-", given=json.dumps(members)) == by_options


def test_chain(home: Path) -> None:
    """Every agent that a credential came through is a party."""
    hop = ("--user", "corp/alice", "--via", AGENT, "--agent", "reports/reporting-agent")
    told = document(home, *hop, "--tool", TOOL, "--args", '{"query": "x"}')

    assert told["scopes"].keys() == {"user", AGENT, "reports/reporting-agent", "policy"}


USAGE: tuple[tuple[tuple[str, ...], str], ...] = (
    ((), "no agent is told"),
    (("--agent", AGENT), "expected one of tool, prompt, resource, route, session"),
    (
        ("--agent", AGENT, "--tool", TOOL, "--session", "tools/docs"),
        "expected one of tool, prompt, resource, route, session",
    ),
    (("--agent", AGENT, "--tool", "docs/search"), "is no tool"),
    (("--agent", AGENT, "--session", "docs"), "is no target"),
    (("--agent", "research/research-agnt", "--tool", TOOL), "did you mean 'research/research-agen"),
    ((*SEARCH, "--user", "crop/alice"), "did you mean 'corp'?"),
    ((*SEARCH, "--user", "corp"), "a user is issuer/sub"),
    ((*SEARCH, "--user", "crop/"), "a user is issuer/sub"),
    ((*SEARCH, "--args", "[]"), "expected a JSON object"),
    ((*SEARCH, "--args", '{"a": 1, "a": 2}'), "two member names are equal"),
    (("--request", "no-such-file"), "cannot be read"),
    (("--decisions", "no-such-file"), "does not exist"),
)


@pytest.mark.parametrize(("arguments", "told"), USAGE, ids=lambda row: str(row)[:60])
def test_usage(arguments: tuple[str, ...], told: str, home: Path) -> None:
    """What cannot be understood is told, with the way out, and exits with 2."""
    result = check(home, *arguments)

    assert result.exit_code == 2
    assert told in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the request is no JSON"),
        ("[]", "the request is no JSON object"),
        ('{"agnet": "a/b"}', "did you mean 'agent'?"),
        ('{"agent": 7}', "agent: expected a text"),
        ('{"groups": "a"}', "groups: expected a list of texts"),
        ('{"level": true}', "level: expected a whole number"),
        ('{"args": []}', "args: expected an object"),
    ],
)
def test_request_that_tells_nothing(text: str, told: str, home: Path) -> None:
    """A file is read strictly."""
    result = check(home, "--request", "-", given=text)

    assert result.exit_code == 2
    assert told in " ".join(result.output.replace("│", " ").split())


def test_broken_world(tmp_path: Path) -> None:
    """A world that does not load is told as `directory check` tells it, and exits with 3."""
    for folder in ("directory", "policies"):
        (tmp_path / folder / "global").mkdir(parents=True)
    result = check(tmp_path, *SEARCH)

    assert result.exit_code == 3
    assert "no document declares the Gate" in result.output


@pytest.fixture
def log(decision_point: DecisionPoint, tmp_path: Path) -> Path:
    """A decision log of an allow, a denial, a fault and a torn line."""
    records = KeptRecords()
    server = replace(decision_point, records=records)
    rows = [
        decide_case(case_named(name), server).record for name in ("search-allowed", "user-never")
    ]
    server.refuse_stranger("out")
    file = tmp_path / "decisions.jsonl"
    lines = [json.dumps(row) for row in (*rows, *records.rows)]
    file.write_text("\n".join([lines[0], '{"torn": ', *lines[1:]]) + "\n")
    return file


def test_whole_log(log: Path, home: Path) -> None:
    """Each decision gets a line, denials with what would turn them; then they are counted."""
    with log.open("a") as file:
        file.write("\n")  # A blank line is no torn one.

    result = check(home, "--decisions", str(log))

    assert result.exit_code == 0
    assert "allow allow, step 12: the same" in result.output
    assert "deny user_lacks_scope, step 8: the same" in result.output
    assert "deny fault, step 0: not made again: nothing was decided" in result.output
    assert result.output.endswith("2 the same, 1 not made again, 1 line that is no record\n")


def test_whole_log_of_which_nothing_can_be_said(log: Path, home: Path) -> None:
    """A comparison that compared nothing does not pass for one that found nothing."""
    log.write_text(log.read_text().splitlines()[-1] + "\n")

    result = check(home, "--decisions", str(log))

    assert result.exit_code == 4
    assert result.output.endswith("\n1 not made again\n")


def test_one_decision(log: Path, home: Path) -> None:
    """By its id a decision is told in full."""
    decision = json.loads(log.read_text().splitlines()[0])["decision"]
    result = check(home, "--decisions", str(log), "--decision", decision)

    assert result.exit_code == 0
    assert result.output.startswith("allow: allow, step 12")
    assert result.output.endswith(f"{decision}  allow allow, step 12: the same\n")


def test_another_world(log: Path, home: Path) -> None:
    """Where the same call would be decided otherwise now, it is said how, and exits with 4."""
    rows = [json.loads(line) for line in log.read_text().splitlines() if "torn" not in line]
    rows[0] |= {"verdict": "deny", "reason": "forbidden", "step": 9}
    log.write_text(json.dumps(rows[0]) + "\n")

    result = check(home, "--decisions", str(log))

    assert result.exit_code == 4
    assert "now otherwise: verdict was deny, is allow; reason was forbidden" in result.output


@pytest.mark.parametrize("decision", ["0" * 32, "../etc", ""])
def test_no_such_decision(decision: str, home: Path, tmp_path: Path) -> None:
    """A log without it is a mistake of usage."""
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    result = check(home, "--decisions", str(empty), "--decision", decision)

    assert result.exit_code == 2
    assert "has no decision" in result.output
