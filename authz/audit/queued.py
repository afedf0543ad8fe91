"""The decision log at level `queued`: an answer waits for a place in a queue, not for the file.

A killed process loses what is queued, at most `QUEUE` records. A file that takes
nothing loses nothing while the process lives: the queue stays, nobody gets a
place, and so nothing is allowed. What is left when it stops is counted and told.
"""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType
from typing import Protocol, Self

from structlog.typing import FilteringBoundLogger

from authz.audit.sink import RecordUnwritten

QUEUE = 1_024
"""Records."""

RETRY_SECONDS = 0.5
"""After which a record that the file did not take is tried again."""

DRAIN_SECONDS = 10.0
"""For which a stop waits for the queue to become empty."""


class Sink(Protocol):
    """Where records end."""

    def write(self, line: bytes) -> None:
        """Keep one record, or raise `RecordUnwritten`."""


class QueuedRecords:
    """A bounded queue before a file, emptied by one thread inside the `with` block."""

    def __init__(self, file: Sink, log: FilteringBoundLogger, size: int = QUEUE) -> None:
        """Queue at most *size* records for *file*; *log* hears of those that are lost."""
        self._file, self._log, self._size = file, log, size
        self._queue: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._failed: RecordUnwritten | None = None
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="records", daemon=True)

    @property
    def waiting(self) -> int:
        """How many records are queued."""
        return len(self._queue)

    def write(self, line: bytes) -> None:
        """
        Queue one record.

        Raises:
            RecordUnwritten: the queue is full or at its end, or the file took nothing when it
                was tried last.
        """
        with self._changed:
            if self._failed is not None:
                raise RecordUnwritten(str(self._failed)) from self._failed
            if self._is_over:
                raise RecordUnwritten("the queue is closed")
            if len(self._queue) == self._size:
                raise RecordUnwritten("the queue is full")
            self._queue.append(line)
            self._changed.notify_all()

    def _run(self) -> None:
        while self._has_one():
            try:
                self._file.write(self._queue[0])
            except RecordUnwritten as error:
                if not self._may_try_again(error):
                    return
            except Exception as error:  # noqa: BLE001 - or the queue would fill with nobody to empty it
                if not self._may_try_again(RecordUnwritten(type(error).__name__)):
                    return
            else:
                with self._changed:
                    self._queue.popleft()
                    self._failed = None

    def _has_one(self) -> bool:
        """Wait for a record; False where there is none and none will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._is_over)
            return bool(self._queue)

    def _may_try_again(self, error: RecordUnwritten) -> bool:
        with self._changed:
            self._failed = error
            return not self._changed.wait_for(lambda: self._is_over, RETRY_SECONDS)

    def __enter__(self) -> Self:
        """Begin to empty the queue."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self._thread.join(DRAIN_SECONDS)
        if lost := len(self._queue):
            self._log.error("records_lost", count=lost, why=str(self._failed or "no time"))
