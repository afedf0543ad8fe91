"""A real `authz serve` beside this process: how long it takes to be ready, and what it holds."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 600.0
LOOKS = 0.01
"""Seconds between two looks at the log."""


class NotServing(Exception):
    """It ended, or took too long, before it was ready."""


@dataclass(frozen=True, slots=True)
class Served:
    """A gate that serves."""

    process: subprocess.Popen[bytes]
    home: Path
    log: Path
    seconds: float
    """From the start of the process until it said that it serves."""

    cpu: float
    """Seconds of CPU until then, its children's not included."""

    @property
    def socket(self) -> Path:
        """Where Checks are asked."""
        return self.home / "run/out.sock"

    def resident(self) -> float:
        """Give the megabytes of memory that it holds now."""
        return resident(self.process.pid)

    def wait_for(self, event: str, count: int = 1) -> None:
        """Wait until its log has *count* lines of *event*."""
        _wait(self.process, self.log, event, count)


def resident(pid: int) -> float:
    """Give the megabytes of memory that a process holds now."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise NotServing(f"process {pid} has no memory")


@contextlib.contextmanager
def serving(home: Path, *options: str) -> Iterator[Served]:
    """Run `authz serve` on *home* until the block ends."""
    log = home.parent / f"{home.name}.log"
    command = [sys.executable, "-m", "authz", "serve", str(home), "--http", "127.0.0.1:0", *options]
    with log.open("wb") as written:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=written)
    try:
        _wait(process, log, "serving", 1)
        yield Served(process, home, log, time.monotonic() - started, _cpu(process.pid))
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], log: Path, event: str, count: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        lines = log.read_text(encoding="utf-8").splitlines()
        if sum(json.loads(line)["event"] == event for line in lines) >= count:
            return
        time.sleep(LOOKS)
    raise NotServing(log.read_text(encoding="utf-8")[-2000:])


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
