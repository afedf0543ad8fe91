"""`commands.progress`: who waits is told how far it is, where that disturbs nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from authz.commands.main import application
from authz.commands.progress import SECONDS, Lines
from authz.directory.progress import Stage
from authz.sources.declared import read_policies

ROOT = Path(__file__).parents[3]
WORLD = str(ROOT / "tests/world")
CHECKS = (("directory", "check"), ("policy", "check"), ("policy", "test"))


def test_stages_come_to_their_ends() -> None:
    """Each part is told once, in order, and the last one says that all are done."""
    told: defaultdict[Stage, list[tuple[int, int]]] = defaultdict(list)
    read_policies(ROOT / "tests/world", lambda stage, done, of: told[stage].append((done, of)))

    assert list(told) == list(Stage)
    for steps in told.values():
        assert steps == [(done, len(steps) - 1) for done in range(len(steps))]
        assert len(steps) > 1


def test_lines_are_seconds_apart() -> None:
    """However often a line is told, it is written every few seconds, and never at once."""
    now, written = [100.0], list[str]()
    lines = Lines(lambda: now[0], written.append)
    for done in range(11):
        lines.tell(Stage.POLICIES, done, 50)
        now[0] += SECONDS / 3

    assert written == [f"reading policies: {done} of 50" for done in (3, 6, 9)]


@pytest.mark.parametrize("command", CHECKS)
@pytest.mark.parametrize("options", [[], ["--progress"]])
def test_logs(
    command: tuple[str, str], options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody watches nothing is told unless it is asked for; the result is the same."""
    monkeypatch.setattr("authz.commands.progress.SECONDS", 0)
    arguments = [*command, WORLD, "--format", "json", *options]
    told = CliRunner().invoke(application, arguments)

    assert json.loads(told.stdout) is not None
    assert ("reading the directory: 1 of " in told.stderr) == bool(options)
    assert bool(told.stderr) == bool(options)


def test_terminal() -> None:
    """On a terminal there are bars on standard error, and none with --no-progress."""
    assert b"validating policies" in _on_terminal()
    assert _on_terminal("--no-progress") == b""


def _on_terminal(*options: str) -> bytes:
    """Give what a check writes to a terminal as its standard error."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "authz", "policy", "check", WORLD, *options]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment)
    os.close(theirs)
    written = b""
    # Read as it comes: a terminal that nobody reads is full some time, and holds the check up.
    with os.fdopen(ours, "rb", buffering=0) as terminal, suppress(OSError):
        while True:
            written += terminal.read(4096)
    assert process.wait() == 0
    return written
