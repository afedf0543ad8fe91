"""`authz serve` as a process of its own, for tests that stop, kill or misconfigure it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.front import environment

START_SECONDS = 60


@dataclass
class Served:
    """A running `authz serve`."""

    process: subprocess.Popen[bytes]
    home: Path
    log: Path

    @property
    def socket(self) -> Path:
        """The Unix socket of the world's listener."""
        return self.home / "run" / "out.sock"

    @property
    def records(self) -> list[dict[str, Any]]:
        """Every record so far."""
        text = (self.home / "records" / "decisions.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    @property
    def whole_records(self) -> list[dict[str, Any]]:
        """Every record but a last line that a kill has torn."""
        text = (self.home / "records" / "decisions.jsonl").read_text()
        lines = text.splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every log line so far, but one that is being written."""
        lines = self.log.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def wait_ready(self) -> dict[str, Any]:
        """Wait until it serves, and give the log line that says so."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            for event in self.events:
                if event["event"] == "serving":
                    return event
            time.sleep(0.02)
        raise AssertionError(self.log.read_text())


ANY_PORT = ("--http", "127.0.0.1:0")


def start(
    home: Path,
    log: Path,
    options: Sequence[str] = ANY_PORT,
    variables: Mapping[str, str] | None = None,
) -> Served:
    """Start `authz serve` on *home*, with the front of this run or what *variables* say."""
    command = [sys.executable, "-m", "authz", "serve", str(home), *options]
    with log.open("w") as written:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=written, env=variables or environment()
        )
    return Served(process, home, log)


@contextmanager
def serving(home: Path, log: Path, options: Sequence[str] = ANY_PORT) -> Iterator[Served]:
    """Run `authz serve` until the block ends; it is killed then if it still runs."""
    served = start(home, log, options)
    try:
        served.wait_ready()
        yield served
    finally:
        served.process.kill()
        served.process.wait()
