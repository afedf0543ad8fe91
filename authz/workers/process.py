"""One worker as its supervisor sees it: a process, what it said last, when it may start again."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import Final

from authz.telemetry.counts import Now, Totals
from authz.workers.told import Orders, Told

COMMAND = (sys.executable, "-P", "-m", "authz.commands.worker")

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
"""Seconds before one that ended by itself starts again: twice as long each time, up to this."""

LAST_WORDS_SECONDS = 1.0

STEADY_SECONDS = 30.0
"""After which it counts as one that has never failed."""


class Worker:
    """One place among the workers, and the process that has it now."""

    def __init__(self, orders: Orders) -> None:
        """Start nothing yet; each process of this place is told *orders*."""
        self.number: Final = orders.number
        self.told: Told | None = None
        """What it said last; the keys of one that has ended are still good."""

        self.failures = 0
        """How often it has ended by itself, one time soon after the other."""

        self.due = 0.0
        """When it may start, in seconds of a clock that only goes forward."""

        self.keys_since = 0.0
        """When it was that it told another key set than before."""

        self._before = Totals()
        """What processes counted that have ended."""

        self._orders = orders
        self._process: subprocess.Popen[bytes] | None = None
        self._since = 0.0

    @property
    def process_id(self) -> int | None:
        """The number of its process, if it runs."""
        return self._process.pid if self._process else None

    @property
    def is_ready(self) -> bool:
        """Whether it runs and should be sent Checks."""
        return self._process is not None and self.told is not None and self.told.ready

    @property
    def totals(self) -> Totals:
        """What all its processes have counted."""
        return self._before.add(self.told.totals) if self.told else self._before

    @property
    def now(self) -> Now | None:
        """How its process stood when it said so last; None where none runs."""
        return self.told.at_last if self.told and self._process else None

    def start(self, now: float) -> None:
        """
        Start a process.

        Raises:
            OSError: the system does not give one.
        """
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._process, self._since = process, now
        self._listening = threading.Thread(target=self._listen, args=(process,), daemon=True)
        self._listening.start()
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        with suppress(OSError):  # It has ended already; `ended` will say so.
            process.stdin.write(self._orders.line())
            process.stdin.flush()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        with process.stdout as lines:
            for line in lines:
                told = Told.read(line)
                if self.told is None or self.told.jwks != told.jwks:
                    self.keys_since = time.monotonic()
                if process is self._process:
                    self.told = told

    def ended(self, now: float) -> int | None:
        """Give the exit code of a process that has ended, once; None where none has."""
        if self._process is None or self._process.poll() is None:
            return None
        code = self._process.returncode
        self._close(self._process)
        if now - self._since > STEADY_SECONDS:
            self.failures = 0
        if code == 0:
            # It was told to go.
            self.due = now
        else:
            self.put_off(now)
        return code

    def put_off(self, now: float) -> None:
        """Let it start later: the more often it has failed, the later."""
        self.due = now + min(LONGEST_PAUSE, FIRST_PAUSE * 2**self.failures)
        self.failures += 1

    def ask_to_stop(self) -> None:
        """Let it finish what is under way and end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; say whether there was one within *seconds*."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self._close(self._process)
        return True

    def _close(self, process: subprocess.Popen[bytes]) -> None:
        # What it said last is heard before it is forgotten.
        self._listening.join(LAST_WORDS_SECONDS)
        self._process = None
        if self.told is not None:
            self._before = self._before.add(self.told.totals.ended())
            self.told = replace(self.told, ready=False, counted={})
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
