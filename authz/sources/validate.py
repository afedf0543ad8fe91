"""Validation of a world in a process of its own.

What parses other people's files may crash, hang or fill the memory: then it is
that process that ends. It also keeps the interpreter, which validation holds
for long, free for those who ask.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from authz.sources.declared import Vetted
from authz.sources.verdicts import NotVerdict, read_verdict

COMMAND = (sys.executable, "-P", "-m", "authz.sources.validating")

SECONDS = 60.0
"""A world with 1,000 policies and 10,000 agents takes about 8."""

MEGABYTES = 4096
"""Of addresses; the process is refused more by the kernel."""


class NoVerdict(Exception):
    """Validation ended without an answer; it may be tried again."""

    hint = "`authz policy check` reads the same files; the last edit is the first to look at"


class Validator:
    """
    A process that is ready to validate one world, and after that another one.

    It is started before it is needed, because a start takes longer than a small
    world. To be used by one thread at a time, but for `interrupt`.
    """

    def __init__(
        self, home: Path, command: Sequence[str] = COMMAND, seconds: float = SECONDS
    ) -> None:
        """Start nothing yet; *command* is given *home* and reads its standard input."""
        self._home = home
        self._command = [*command, str(home), str(MEGABYTES)]
        self._seconds = seconds
        self._ready: subprocess.Popen[bytes] | None = None
        self._is_over = False

    def __enter__(self) -> Self:
        """Be ready; nothing is waited for."""
        self.get_ready()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process, whatever it does."""
        self.interrupt()
        if self._ready is not None:
            _end(self._ready)

    def interrupt(self) -> None:
        """Let a validation that is under way end without an answer, and start no other."""
        self._is_over = True
        # Taken once: who validates may take it away meanwhile.
        process = self._ready
        if process is not None:
            process.kill()

    def get_ready(self) -> None:
        """Start the process unless it runs; whoever cannot is told when it is needed."""
        if self._ready is None and not self._is_over:
            with suppress(OSError):
                self._ready = self._start()

    def validate(self) -> Vetted:
        """
        Read and check everything below the world's folder.

        Raises:
            InvalidWorld: with every mistake.
            NoVerdict: the process ended without an answer, and of what; or it
                took too long, or could not be started.
        """
        try:
            return self._validate()
        except OSError as error:
            raise NoVerdict(f"no process validates it: {error.strerror}") from error

    def _validate(self) -> Vetted:
        process = self._ready = self._living()
        if self._is_over:
            # `interrupt` may have looked before this one was there.
            process.kill()
        try:
            told, _ = process.communicate(b"\n", self._seconds)
        except subprocess.TimeoutExpired:
            raise NoVerdict(f"to validate it takes longer than {self._seconds:g} s") from None
        finally:
            _end(process)
            self._ready = None
        return _read(told, process.returncode)

    def _living(self) -> subprocess.Popen[bytes]:
        """Give the process that is ready, or another one where somebody has ended it."""
        if self._ready is not None and self._ready.poll() is None:
            return self._ready
        if self._ready is not None:
            _end(self._ready)
        if self._is_over:
            raise NoVerdict("the gate is stopping")
        return self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # What a crash says there may quote policies.
            stderr=subprocess.DEVNULL,
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _read(told: bytes, code: int) -> Vetted:
    how = f"of signal {-code}" if code < 0 else f"with code {code}"
    nothing = f"the process that validates it ended {how}, without an answer"
    try:
        vetted = read_verdict(told)
    except NotVerdict:
        raise NoVerdict(nothing) from None
    if code != 0:
        raise NoVerdict(nothing)
    return vetted
