"""`tools.policy_ci` and the hooks: what is promised is there, and what does not hold is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from authz.commands.main import application
from tools.policy_ci import PAGE, Done, NotAsPromised, expect, hooks, steps

ROOT = Path(__file__).parents[3]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


@pytest.mark.parametrize("hook", HOOKS, ids=[hook["id"] for hook in HOOKS])
def test_hooks_run_commands(hook: dict[str, Any]) -> None:
    """Each hook runs a command that there is, over a whole world."""
    program, *arguments = hook["entry"].split()
    asked = CliRunner().invoke(application, [*arguments, "--help"])

    assert (program, asked.exit_code) == ("authz", 0)
    assert hook["pass_filenames"] is False


def test_the_page_has_all_hooks() -> None:
    """The page tells the hooks that there are, and the trial takes them from there."""
    (repository,) = yaml.safe_load(hooks())["repos"]

    assert [each["id"] for each in repository["hooks"]] == [
        "narrowgate-directory-check",
        "narrowgate-policy-check",
        "narrowgate-policy-test",
    ]
    assert {each["id"] for each in HOOKS} == {each["id"] for each in repository["hooks"]}
    assert repository["repo"] == str(ROOT)
    assert "make policy-ci" in PAGE.read_text()


def test_steps() -> None:
    """The steps of the workflow that are run, with its variables, and which are run always."""
    found = {name: (script, is_always) for name, script, is_always, _ in steps(Path("/x/python"))}

    assert [name for name, (_, is_always) in found.items() if is_always] == ["Write SARIF"]
    assert "authz policy check" in found["Check policies"][0]
    assert all(more["PATH"].startswith("/x:") for *_, more in steps(Path("/x/python")))


@pytest.mark.parametrize(("code", "passes"), [(0, False), (1, True), (3, True)])
def test_expect(code: int, *, passes: bool) -> None:
    """A command that ends otherwise, or does not say what it should, is told with what it said."""
    expect(Done(code, "line 4"), passes=not passes, says="line [0-9]")
    with pytest.raises(NotAsPromised, match="line 4"):
        expect(Done(code, "line 4"), passes=passes)
    with pytest.raises(NotAsPromised, match="line 4"):
        expect(Done(code, "line 4"), passes=not passes, says="line 5")
