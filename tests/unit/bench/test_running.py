"""Servers of the benchmark: there in their block, still while others are measured, gone after."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench.peers.places import SERVER_CORE
from bench.peers.running import NotStarted, Running, running
from tests.support.ports import reserved_port

LISTENS = """\
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    while True:
        server.accept()
"""
FROZEN, BY_ITSELF = "T", "RS"


def _state(process: Running) -> str:
    """Give the state that the kernel tells of a process: one letter."""
    told = Path(f"/proc/{process.group}/stat").read_text()
    return told.rpartition(")")[2].split()[0]


def test_frozen_and_awake(tmp_path: Path) -> None:
    """A frozen server runs only within the block that wakes it, and has ended after its own."""
    with (
        reserved_port() as port,
        running(
            [sys.executable, "-c", LISTENS, str(port)], SERVER_CORE, port, tmp_path / "log"
        ) as process,
    ):
        assert os.sched_getaffinity(process.group) == {int(SERVER_CORE)}
        process.freeze()
        with process.awake():
            awake = _state(process)
        frozen = _state(process)

    assert awake in BY_ITSELF
    assert frozen == FROZEN
    assert not Path(f"/proc/{process.group}").exists()


def test_what_does_not_start_says_why(tmp_path: Path) -> None:
    """A server that ends at once is told with the end of its log."""
    command = [sys.executable, "-c", "raise SystemExit('no world here')"]

    with (
        pytest.raises(NotStarted, match="no world here"),
        reserved_port() as port,
        running(command, SERVER_CORE, port, tmp_path / "log"),
    ):
        pass
