"""`authz status`: what a gate tells of its files is shown, and does nothing to a terminal."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from authz.commands.main import application
from authz.server.status_socket import StatusSocket
from tests.support.network import KeptLog

HOSTILE = "policy \x1b[2Jx\n  fine\u202e\x9b: it never holds"
HARMLESS = "policy �[2Jx�  fine��: it never holds"


def test_words_of_files_move_no_cursor(tmp_path: Path) -> None:
    """Whoever may write a policy chooses its name; in the words of a mistake it is only shown."""
    failed = {"since": "2026-01-01", "mistakes": [{"at": "x:1:1", "what": HOSTILE}], "more": 0}
    process = {
        "worker": 0,
        "ready": True,
        "world": "w",
        "age": 1,
        "failed": {"world": failed},
        "keys": [],
        "issuers": [
            {"name": HOSTILE, "answers": False, "whyNot": HOSTILE, "keys": None, "usableFor": None}
        ],
        "records": {"taken": True, "level": "written", "waiting": 0},
        "checks": {"inHand": 0, "places": 1},
    }
    told = {
        "version": "0",
        "fine": False,
        "troubles": [HOSTILE],
        "answers": {},
        "processes": [process],
    }
    with StatusSocket(tmp_path / "status.sock", lambda: told, KeptLog().log):
        done = CliRunner().invoke(application, ["status", str(tmp_path)], terminal_width=200)
    lines = done.output.splitlines()

    assert all(line.isprintable() for line in lines), done.output
    assert f"  - {HARMLESS}" in lines
    assert not any(line.strip().startswith("fine") for line in lines)
