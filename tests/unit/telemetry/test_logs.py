"""How a line of the log looks: to programs, and to who sits at a terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

SAY = "from authz.telemetry.logs import open_log; open_log('info').info('serving', world='abc')"


def test_programs_read_json() -> None:
    """Where standard error is no terminal, a line is one JSON object."""
    done = subprocess.run([sys.executable, "-c", SAY], capture_output=True, text=True, check=True)
    line = json.loads(done.stderr)

    assert (line["event"], line["level"], line["world"]) == ("serving", "info", "abc")


def test_people_read_lines() -> None:
    """On a terminal it is a line for people, without colours where they want none."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "xterm"}
    subprocess.run([sys.executable, "-c", SAY], stderr=theirs, check=True, env=environment)
    os.close(theirs)
    line = os.read(ours, 4096).decode()
    os.close(ours)

    assert "[info" in line
    assert "world=abc" in line
    assert "\x1b[" not in line
