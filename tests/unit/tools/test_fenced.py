"""Commands of pages: what is run, where, and that one that fails is noticed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools import fenced, walkthrough
from tools.fenced import ALONE, Script, run, scripts

TWO = """
```sh
first
```
```
no command
```
    ```sh
    nor this
    ```
```sh
second
```
"""


def test_each_block_is_a_script() -> None:
    """Only what is fenced as `sh` at the margin is a command."""
    assert list(scripts(TWO)) == [Script("first\n"), Script("second\n")]


def test_a_page_on_its_own_is_one_script() -> None:
    """Its blocks share a shell."""
    assert list(scripts(ALONE + TWO)) == [Script("first\n\nsecond\n", alone=True)]


@pytest.mark.parametrize("text", ["exit 3", "false\ntrue", "false | true", "echo $UNSET"])
def test_a_command_that_fails(text: str, tmp_path: Path) -> None:
    """Wherever in a script it stands."""
    assert run(Script(text), tmp_path)


def test_where_a_script_runs(tmp_path: Path) -> None:
    """In the folder that is told, with the programs that are told before all others."""
    program = tmp_path / "programs/authz"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\npwd > ran\n")
    program.chmod(0o700)

    assert run(Script("authz"), tmp_path, program.parent) == 0
    assert (tmp_path / "ran").read_text().strip() == str(tmp_path)


def test_the_first_failure_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its exit code is that of all, and what follows does not run."""
    (tmp_path / "page.md").write_text("```sh\nexit 7\n```\n```sh\ntouch ran\n```\n")
    monkeypatch.setattr(fenced, "ROOT", tmp_path)
    monkeypatch.setattr("sys.argv", ["fenced", "page.md"])

    assert fenced.main() == 7
    assert not (tmp_path / "ran").exists()


def test_what_a_stranger_has() -> None:
    """Programs and the package clients' set-up go along; this environment and secrets do not."""
    ours = f"{walkthrough.ROOT}/.venv/bin"
    kept = {"PIP_CERT": "y", "SSL_CERT_FILE": "z"}
    variables = {"PATH": f"{ours}:/usr/bin", "PYTHONPATH": "/here", "A_TOKEN": "x", **kept}

    assert walkthrough.bare(variables) == {"PATH": "/usr/bin", **kept}


def test_a_fresh_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is committed is followed, what is not is not there."""
    tree = tmp_path / "tree"
    (tree / "docs").mkdir(parents=True)
    (tree / "README.md").write_text("```sh\ntest ! -e loose -a -e installed\n```\n")
    (tree / "docs/a.md").write_text("```sh\ntest -e installed && exit 5\nexit 6\n```\n")
    (tree / "tools").mkdir()
    (tree / "tools/fenced.py").write_text(Path(fenced.__file__).read_text())
    (tree / "Makefile").write_text("install:\n\ttouch installed\n")
    _git(tree, "init", "--quiet")
    _git(tree, "add", ".")
    _git(tree, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "a")
    (tree / "loose").touch()
    monkeypatch.setattr(walkthrough, "ROOT", tree)

    for wanted, code in (["README.md"], 0), (["docs/a.md"], 5), ([], 1):
        monkeypatch.setattr("sys.argv", ["walkthrough", *wanted])
        assert walkthrough.main() == code


def _git(tree: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=tree, check=True)
