"""Programs that run beside the proof, each with a log of its own, until the proof ends."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 10


class ChildFailed(Exception):
    """A part did not come up; the message is the end of its log."""


@contextmanager
def running(
    command: Sequence[str],
    log: Path,
    is_ready: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """
    Run *command* until the block ends; the block begins when *is_ready* says so.

    Raises:
        ChildFailed: it ended, or was not ready in time.
    """
    with log.open("w") as written:
        process = subprocess.Popen(
            command,
            stdout=written,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            env={**os.environ, **(environment or {})},
        )
    try:
        until(is_ready, log.name, lambda: process.poll() is not None, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(
    holds: Callable[[], bool],
    what: str,
    has_ended: Callable[[], bool] = lambda: False,
    log: Path | None = None,
) -> None:
    """
    Wait until it *holds*.

    Raises:
        ChildFailed: it did not within a minute.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        ended = has_ended()
        if holds():
            return
        if ended:
            break
        time.sleep(0.1)
    raise ChildFailed(f"{what} is not ready:\n{log.read_text()[-3000:] if log else ''}")


def answers(url: str) -> Callable[[], bool]:
    """Give a function that says whether *url* answers 200."""

    def ready() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - http on loopback
                return bool(answer.status == 200)
        except OSError:
            return False

    return ready
