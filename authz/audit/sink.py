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
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        self._lock = threading.Lock()
        self._torn = False

    def write(self, record: Mapping[str, object]) -> None:
        """
        Hand one record to the kernel.

        Raises:
            RecordUnwritten: the disk is full, the file is gone or the write was
                cut short. The torn line is ended by the next write.
        """
        line = json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode("ascii")
        with self._lock:
            whole = (b"\n" if self._torn else b"") + line + b"\n"
            try:
                written = os.write(self._descriptor, whole)
            except OSError as error:
                raise RecordUnwritten(error.strerror or "the write failed") from error
            self._torn = written < len(whole)
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
