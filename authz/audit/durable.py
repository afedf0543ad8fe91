"""The decision log at level `durable`: each line is on the disk before its answer leaves.

Whoever comes while the disk is busy waits for the next turn, and one turn is
for all who wait: with many threads a sync costs each of them a part.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from authz.audit.sink import CLOSED, RecordFile, RecordUnwritten

Sync = Callable[[int], None]
"""Brings what was written to a descriptor to the disk, or raises `OSError`."""


class _Batch:
    """Lines that one sync is for. After one that failed nobody knows which of them are there."""

    __slots__ = ("error", "has_lines", "is_synced")

    def __init__(self) -> None:
        self.has_lines = False
        self.is_synced = False
        self.error: OSError | None = None


class DurableFile(RecordFile):
    """A file of decision records of which every one that was taken outlives the machine's power."""

    def __init__(self, path: Path, sync: Sync | None = None) -> None:
        """
        Open *path*, as `RecordFile` does.

        Args:
            path: Of the file.
            sync: How lines are brought to the disk; `os.fdatasync` by itself.

        Raises:
            OSError: the file cannot be opened.
        """
        self._sync: Final = sync or os.fdatasync
        self._turn = threading.Lock()
        self._batch = _Batch()
        super().__init__(path)

    def write(self, line: bytes) -> None:
        """
        Bring one record to the disk.

        Raises:
            RecordUnwritten: as `RecordFile.write`, or the disk did not take it. The line
                may be in the file all the same.
        """
        with self._lock:
            self._append(line)
            batch = self._batch
            batch.has_lines = True
        self._settle(batch)

    def _settle(self, batch: _Batch) -> None:
        with self._turn:
            if not batch.is_synced and batch.error is None:
                self._sync_one(batch)
        if batch.error is not None:
            raise RecordUnwritten(batch.error.strerror or "the disk failed") from batch.error

    def _sync_one(self, batch: _Batch) -> None:
        with self._lock:
            if batch.error is not None or self._descriptor == CLOSED:
                # The file was given up, and its lines brought to the disk, or not, before.
                return
            # Its own, for whoever finds the file moved away closes that.
            descriptor = os.dup(self._descriptor)
            # A line that comes from now on may be too late for this sync.
            self._batch = _Batch()
        try:
            self._sync(descriptor)
        except OSError as error:
            batch.error = error
        else:
            batch.is_synced = True
        finally:
            os.close(descriptor)

    def _close(self) -> None:
        """Give the file up. Lines that wait get their sync now: the next is for another file."""
        if self._batch.has_lines:
            try:
                self._sync(self._descriptor)
            except OSError as error:
                self._batch.error = error
                self._batch = _Batch()
        super()._close()

    def _open(self) -> None:
        super()._open()
        # A file whose name is not on the disk is lost with all that is in it; so is a new folder.
        try:
            for folder in (self._path.parent, self._path.parent.parent):
                _sync_folder(folder)
        except OSError:
            # Opened anew for the next line, so that none is taken before the name is there.
            super()._close()
            raise


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
