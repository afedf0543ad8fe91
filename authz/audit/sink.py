"""The decision log as a file, at level `written`: a line is with the kernel before its answer.

A line is one `write` to a descriptor opened for appending, under a lock of the
file, so lines of several threads and processes do not mix, and a killed process
loses nothing that it answered. A write that is cut short is taken back; a line
that somebody left torn is ended before the next, whoever writes it. Who cannot
be recorded is refused: `whenFull: deny` is the only behaviour.
"""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

CLOSED = -1
"""No descriptor: a number that the system might give to another file is not kept."""

MOST_MOVES = 3
"""For one line: a file that was moved away in that moment is looked for anew so many times."""

NOWHERE = -1
"""No size of a file."""


class RecordUnwritten(Exception):
    """The record is not in the file; the decision must not leave."""


class RecordFile:
    """An append-only file of decision records, one JSON line each."""

    def __init__(self, path: Path) -> None:
        """
        Open *path* for appending; its folder is made where it is missing.

        Raises:
            OSError: the file cannot be opened.
        """
        self._path = path
        self._name = str(path)
        self._lock = threading.Lock()
        self._is_over = False
        self._open()

    def write(self, line: bytes) -> None:
        """
        Hand the line of one record to the kernel. A file that was deleted or renamed is made anew.

        Raises:
            RecordUnwritten: the disk is full, the write was cut short, or the
                file is closed. What was written of the line is taken back.
        """
        with self._lock:
            self._append(line)

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        self._descriptor = os.open(self._path, flags, 0o640)
        opened = os.fstat(self._descriptor)
        self._place = opened.st_dev, opened.st_ino
        self._ended = NOWHERE

    def _append(self, line: bytes) -> None:
        """Append *line*, while the lock is held."""
        try:
            self._append_or_fail(line)
        except OSError as error:
            raise RecordUnwritten(error.strerror or "the write failed") from error

    def _append_or_fail(self, line: bytes) -> None:
        if self._is_over:
            raise RecordUnwritten("the file is closed")
        for _ in range(MOST_MOVES):
            if self._descriptor == CLOSED:
                self._open()
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            size = self._size_at_its_place()
            if size is not None:
                try:
                    self._append_to(size, line)
                finally:
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)
                return
            # Closing it gives the lock back.
            self._close()
        raise RecordUnwritten("the file is moved away again and again")

    def _size_at_its_place(self) -> int | None:
        """Give its bytes; None where our path names another file: whoever rotates renames it."""
        try:
            named = os.stat(self._name)  # noqa: PTH116 - a `Path` is spelt anew each time
        except OSError:
            return None
        return named.st_size if (named.st_dev, named.st_ino) == self._place else None

    def _append_to(self, size: int, line: bytes) -> None:
        """Append to a file of *size* bytes, while nobody else writes."""
        # Where we ended a line and nobody wrote since, it is known how the file ends.
        is_ended = size == self._ended or _ends_with_a_line(self._descriptor, size)
        whole = b"%b%b\n" % (b"" if is_ended else b"\n", line)
        if os.write(self._descriptor, whole) < len(whole):
            # Where this fails too, the next write ends the line.
            os.ftruncate(self._descriptor, size)
            raise RecordUnwritten("the write was cut short")
        self._ended = size + len(whole)

    def close(self) -> None:
        """Close the file, for later writes too; what was written is already with the kernel."""
        with self._lock:
            self._is_over = True
            if self._descriptor != CLOSED:
                self._close()

    def _close(self) -> None:
        os.close(self._descriptor)
        self._descriptor = CLOSED

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _ends_with_a_line(descriptor: int, size: int) -> bool:
    """Say whether a file is empty or ends with a newline: a killed process may have torn it."""
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
