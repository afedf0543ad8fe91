"""Child processes of the demo: each says in a JSON line of its log when it can be reached."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Line = Mapping[str, Any]

START_SECONDS = 30
STOP_SECONDS = 15


class ChildFailed(Exception):
    """A part of the demo did not come up; the message is the end of its log."""


@contextmanager
def running(command: Sequence[str], log: Path, is_ready: Callable[[Line], bool]) -> Iterator[Line]:
    """
    Run `python -m *command*` until the block ends; give the log line that *is_ready* accepts.

    Raises:
        ChildFailed: the process ended, or was not ready in time.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], stdout=written, stderr=subprocess.STDOUT
        )
    try:
        yield _when_ready(process, log, is_ready)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _when_ready(
    process: subprocess.Popen[bytes], log: Path, is_ready: Callable[[Line], bool]
) -> Line:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        for line in filter(is_ready, json_lines(log)):
            return line
        if ended:
            break
        time.sleep(0.02)
    raise ChildFailed(log.read_text()[-2000:] or f"{process.args!r} ended without a word")


def tells_port(line: Line) -> bool:
    """Say whether *line* is that of a part which tells nothing but its port."""
    return "port" in line


def json_lines(path: Path) -> Iterator[Line]:
    """Give the whole lines of *path* that are JSON objects."""
    for line in path.read_text().splitlines(keepends=True):
        if line.startswith("{") and line.endswith("}\n"):
            yield json.loads(line)
