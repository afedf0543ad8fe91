"""Results, coverage, and the command that tells them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from authz.commands.main import application
from authz.rehearsal.coverage import coverage_of
from authz.rehearsal.told import coverage_lines, failure_lines
from tests.support.worlds import WORLD
from tests.unit.rehearsal.worked import FILE, SOUND, results, world

REFUNDS = "policies/ns/finance/refunds.cedar"
AT_MOST = 'context.input.amount.lessThanOrEqual(decimal("500.0"))'


def test_as_expected() -> None:
    """What is as expected is no failure."""
    assert [result.is_as_expected for result in results(SOUND)] == [True, True]


UNEXPECTED: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("expect: allow", "expect: forbidden", "allow", ()),
    ("fails_at: refund-user", "fails_at: refund-agent", "no_permit", ("refund-user",)),
    ("amount: 700}", "amount: 700, note: n}", "forbidden", ("no-undeclared-arguments",)),
    ("amount: 700}", "amount: x}", "bad_argument", ()),
)


@pytest.mark.parametrize(("find", "write", "got", "blamed"), UNEXPECTED, ids=str)
def test_unexpected(find: str, write: str, got: str, blamed: tuple[str, ...]) -> None:
    """Another outcome, or the right one at another policy, is a failure."""
    found = results(SOUND.replace(find, write))

    (failed,) = [result for result in found if not result.is_as_expected]
    assert (str(failed.got), failed.fails_at) == (got, blamed)


def test_told() -> None:
    """A failure tells its place, what was expected, what came, and why."""
    failed = results(SOUND.replace("expect: no_permit\n    fails_at: refund-user", "expect: allow"))

    assert [*failure_lines(failed[1])] == [
        f"{FILE}:14: too much: expected allow, got no_permit",
        "  user: no_permit",
        f"    permit refund-user ({REFUNDS}:1)",
        f"      line 3: {AT_MOST} is false",
        '        context.input.amount: decimal("700.0000")',
        f"    it would be allowed if {AT_MOST} held (refund-user, {REFUNDS}:3)",
        "  finance/payer: allow",
        f"    permit refund-agent ({REFUNDS}:5)",
    ]


def test_coverage_of_one_policy() -> None:
    """Each condition is seen as far as the engine comes, and told by file and line."""
    # On a Saturday too, but the engine does not come as far as the day.
    text = SOUND.replace("amount: 700}", 'amount: 700}\n    now: "2026-06-06T10:00:00Z"')
    coverage = coverage_of(results(text), world()[1])

    seen = {each.text: each.seen for each in coverage.conditions if each.policy.id == "refund-user"}
    assert seen == {
        'principal in Group::"corp/finance"': {True, False},
        'action == Action::"tools/call:finance/payments/refund"': {True},
        'context.input.currency == "EUR"': {True},
        AT_MOST: {True, False},
        "context.session.clock.weekday <= 5": {True},
        "context.session.clock.hour >= 8": {True},
        "context.session.clock.hour < 18": {True},
    }
    hour = "context.session.clock.hour < 18"
    assert f"{REFUNDS}:4: refund-user: never false: {hour}" in [*coverage_lines(coverage)]


def test_step_ups_are_covered_as_if_met() -> None:
    """A condition on evidence is seen both ways where a challenge says what would help."""
    text = SOUND.replace("payments/refund", "payments/bare").replace(
        "args: {order: o, amount: 20.5, currency: EUR}\n    expect: allow",
        "expect: step_up_required",
    )

    coverage = coverage_of(results(text), world()[1])

    (granted,) = [
        each
        for each in coverage.conditions
        if each.policy.id == "approval-where-declared" and "granted" in each.text
    ]
    assert granted.seen == {True, False}


def asked(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(application, ["policy", "test", str(WORLD), *arguments])


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A file of cases beside no world."""
    file = tmp_path / "a.test.yaml"
    file.write_text(SOUND)
    return file


def test_exit_codes(suite: Path) -> None:
    """0 as expected, 2 usage, 3 what does not load, 4 a failure or too little coverage."""
    assert asked(str(suite)).exit_code == 0
    assert asked(str(suite), "--no-such-option").exit_code == 2
    assert asked(str(suite.parent / "none.test.yaml")).exit_code == 3
    assert asked(str(suite), "--min-coverage", "5").exit_code == 0
    assert asked(str(suite), "--min-coverage", "99").exit_code == 4
    suite.write_text(SOUND.replace("expect: allow", "expect: forbidden"))
    assert asked(str(suite)).exit_code == 4
    suite.write_text(SOUND.replace("expect: allow", "expect: maybe"))
    assert asked(str(suite)).exit_code == 3


def test_for_people(suite: Path) -> None:
    """A summary stands last; nothing is told of what is as expected."""
    assert asked(str(suite)).output == "2 passed, 0 failed\n"


def test_for_programs(suite: Path) -> None:
    """One JSON document has every case, with why where it is unexpected, and the coverage."""
    suite.write_text(SOUND.replace("expect: allow", "expect: forbidden"))

    told: dict[str, Any] = json.loads(asked(str(suite), "--format", "json", "--coverage").output)

    assert (told["passed"], told["failed"]) == (1, 1)
    assert told["cases"][0]["got"] == {"outcome": "allow", "fails_at": []}
    assert told["cases"][0]["why"][0] == "user: allow"
    assert told["cases"][1]["why"] == []
    assert 0 < told["coverage"]["percent"] < 100
    assert {"policy", "file", "line", "condition", "never"} == told["coverage"]["unseen"][0].keys()


def test_the_worked_world_is_covered() -> None:
    """The cases beside the worked world see nearly every condition true and false."""
    assert asked("--min-coverage", "95").exit_code == 0


NO_TESTS: tuple[tuple[str, str], ...] = (
    ("", "the folder is missing"),
    ("tests/README.md", "there are no tests"),
    ("tests/a.yaml", "this file of tests is not read"),
)


@pytest.mark.parametrize(("file", "says"), NO_TESTS, ids=str)
def test_a_world_without_tests(file: str, says: str, tmp_path: Path) -> None:
    """Nothing to test, or a file that would be left out, is a mistake: no empty success."""
    for part in ("directory", "policies"):
        (tmp_path / part).symlink_to(WORLD / part)
    if file:
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text("")

    found = CliRunner().invoke(application, ["policy", "test", str(tmp_path)])

    assert found.exit_code == 3
    assert says in found.output
