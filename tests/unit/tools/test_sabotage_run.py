"""The tool tries a small tree: what has a test turns red, what has none is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.sabotage.rooms import ROOT

GATE = """
def check(age, name):
    if age < 18:
        raise ValueError("too young")
    if name == "mallory":
        raise ValueError("not you")
"""
SEES_AGE = """
import pytest
from authz.gate import check

def test_age():
    with pytest.raises(ValueError):
        check(17, "alice")
    check(18, "alice")
"""
SEES_NAME = """
def test_name():
    with pytest.raises(ValueError):
        check(18, "mallory")
"""
HANGS = """
def test_name():
    try:
        check(18, "mallory")
    except ValueError:
        return
    while True:
        pass
"""
DIES = """
import os

def test_name():
    try:
        check(18, "mallory")
    except ValueError:
        return
    os._exit(0)
"""
RUN = """
import sys
from pathlib import Path
from tools.sabotage import __main__, campaign
from tools.sabotage.rooms import Rooms

rooms = Rooms(Path(sys.argv[1]), ("authz/*.py",), fewest=1)
sys.exit(__main__.main(sys.argv[2:], rooms))
"""


IMPATIENT = RUN.replace("rooms = ", "campaign.LEAST_PATIENCE = 1.0\nrooms = ")
"""For a test that hangs; where others are, a slow machine is no reason to give one up."""


def _tried(
    folder: Path, tests: str, *options: str, run: str = RUN
) -> subprocess.CompletedProcess[str]:
    for name, text in {"authz/gate.py": GATE, "tests/test_gate.py": tests}.items():
        (folder / name).parent.mkdir()
        (folder / name).write_text(text)
        (folder / name).with_name("__init__.py").touch()
    return subprocess.run(
        [sys.executable, "-c", run, str(folder), *options],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_every_wall_has_a_test(tmp_path: Path) -> None:
    """Where each wall has a test, the table names it, and the tree is as it was."""
    done = _tried(tmp_path, SEES_AGE + SEES_NAME)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[:4] == [
        "authz/gate.py:3 check: never: age < 18",
        "    tests/test_gate.py::test_age",
        'authz/gate.py:5 check: never: name == "mallory"',
        "    tests/test_gate.py::test_name",
    ]
    assert (tmp_path / "authz/gate.py").read_text() == GATE


def test_a_survivor_is_told_first(tmp_path: Path) -> None:
    """A wall that no test sees makes the run fail, and stands above all others."""
    done = _tried(tmp_path, SEES_AGE)

    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.splitlines()[:3] == [
        'authz/gate.py:5 check: never: name == "mallory"',
        "    SURVIVES: no test turns red",
        "authz/gate.py:3 check: never: age < 18",
    ]


@pytest.mark.parametrize(("test", "how"), [(HANGS, "hung"), (DIES, "the process ended")])
def test_what_ends_no_test_is_red(tmp_path: Path, test: str, how: str) -> None:
    """A test that hangs without a wall is cut off, and names the wall's test all the same."""
    done = _tried(tmp_path, SEES_AGE + test, run=IMPATIENT)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"tests/test_gate.py::test_name ({how})" in done.stdout


def test_a_red_tree_tries_nothing(tmp_path: Path) -> None:
    """If the tests are red without any sabotage, nothing they say about walls counts."""
    done = _tried(tmp_path, SEES_AGE + "    assert False\n")

    assert done.returncode == 2
    assert done.stdout.startswith("NotHealthy: tests/test_gate.py::test_age")


def test_only_and_list(tmp_path: Path) -> None:
    """The walls to be tried can be chosen, and listed without a try."""
    done = _tried(tmp_path, SEES_AGE, "--only", "mallory", "--list")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        'authz/gate.py:5 check: never: name == "mallory"',
        "1 walls",
    ]


def test_nothing_chosen_is_a_mistake(tmp_path: Path) -> None:
    """A pattern that no wall has tries nothing, and does not say that all is well."""
    assert _tried(tmp_path, SEES_AGE, "--only", "no such wall").returncode == 2
