"""Processes on a core of their own: started, frozen while others are measured, and ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.peers.places import LOOPBACK, ROOT

START_SECONDS = 60
STOP_SECONDS = 10


class NotStarted(Exception):
    """A process ended, or did not listen in time; the message is the end of its log."""


class Running:
    """One process group on one core; the group counts as the server, whatever it starts."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.group = process.pid

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Let it run within the block, and be frozen again after it."""
        os.killpg(self.group, signal.SIGCONT)
        try:
            yield
        finally:
            self.freeze()

    def freeze(self) -> None:
        """Stop it from running, so that it takes nothing from whoever is measured."""
        os.killpg(self.group, signal.SIGSTOP)
        # It stops when it is next on its core, which may be a while; an end is left to `end`.
        os.waitid(os.P_PID, self.group, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def end(self) -> None:
        """End it; what does not end by itself is killed."""
        if self._process.poll() is None:
            os.killpg(self.group, signal.SIGCONT)
            os.killpg(self.group, signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.group, signal.SIGKILL)
            self._process.wait()


@contextmanager
def running(
    command: Sequence[str], core: str, port: int, log: Path, packages: Path | None = None
) -> Iterator[Running]:
    """
    Run *command* on *core* until the block ends; it listens on *port* when the block begins.

    *packages* is a folder that a Python finds its modules in before all others.

    Raises:
        NotStarted: it does not.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as written:
        process = subprocess.Popen(
            ["taskset", "--cpu-list", core, *command],
            cwd=ROOT,
            env=_environment(packages),
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    started = Running(process)
    try:
        _wait_for(process, port, log)
        yield started
    finally:
        started.end()


def _environment(packages: Path | None) -> dict[str, str]:
    paths = {} if packages is None else {"PYTHONPATH": f"{packages}{os.pathsep}{ROOT}"}
    return {**os.environ, **paths}


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return
        time.sleep(0.02)
    raise NotStarted(f"{process.args!r}: {log.read_text()[-2000:]}")
