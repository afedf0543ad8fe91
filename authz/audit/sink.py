"""The decision log as a file, at level `written`: each line is with the kernel before the answer.

A line is one `write` to a descriptor opened for appending, so lines of several
threads and processes do not mix, and a killed process loses nothing that it
answered. `whenFull: deny` is the only behaviour: who cannot be recorded is
refused.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self


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
        self._lock = threading.Lock()
        self._open()

    def write(self, record: Mapping[str, object]) -> None:
        """
        Hand one record to the kernel. A file that was deleted is made anew.

        Raises:
            RecordUnwritten: the disk is full, or the write was cut short. The
                torn line is ended by the next write.
        """
        line = json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode("ascii")
        with self._lock:
            try:
                self._append(line)
            except OSError as error:
                raise RecordUnwritten(error.strerror or "the write failed") from error

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        self._descriptor = os.open(self._path, flags, 0o640)
        self._torn = not _ends_with_a_line(self._descriptor)

    def _append(self, line: bytes) -> None:
        if os.fstat(self._descriptor).st_nlink == 0:
            os.close(self._descriptor)
            self._open()
        whole = (b"\n" if self._torn else b"") + line + b"\n"
        self._torn = True
        self._torn = os.write(self._descriptor, whole) < len(whole)
        if self._torn:
            raise RecordUnwritten("the write was cut short")

    def close(self) -> None:
        """Close the file; every line that was written is already with the kernel."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _ends_with_a_line(descriptor: int) -> bool:
    """Say whether a file is empty or ends with a newline: a killed process may have torn it."""
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
