"""While records cannot be written: who listens is told, and what is owed is written afterwards.

A call whose record is not taken is refused. The record of that refusal is owed:
it is kept, and tried every `RETRY_SECONDS` until there is room again. So a gate
finds out by itself that it can serve again, though a proxy that heard it is not
serving sends it nothing.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from types import TracebackType
from typing import Protocol, Self

from structlog.typing import FilteringBoundLogger

from authz.audit.queued import QueuedRecords, Sink
from authz.audit.sink import RecordUnwritten

MAX_OWED = 1_024
"""Records that are kept; of more refusals only the number is known."""

RETRY_SECONDS = 0.5
"""After which what is owed is tried again."""

STOP_SECONDS = 10.0
"""For which a stop waits for a try that is under way."""


class Listener(Protocol):
    """Is told when records cannot be written, and when they can be again."""

    def announce_outage(self) -> None:
        """Say that nothing can be allowed now."""

    def announce_recovery(self) -> None:
        """Say that it is over."""


class WatchedRecords:
    """A sink that knows whether it takes records, inside the `with` block."""

    def __init__(self, sink: Sink, log: FilteringBoundLogger) -> None:
        """Watch *sink*; *log* hears when it fails, when it works again, and what is lost."""
        self._sink, self._log = sink, log
        self._changed = threading.Condition()
        self._listeners: list[Listener] = []
        self._owed: deque[bytes] = deque()
        self._uncounted = 0
        self._late = 0
        self._is_failing = False
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="owed-records", daemon=True)

    def tell(self, *listeners: Listener) -> None:
        """Tell *listeners* from now on; who comes during an outage hears of it at once."""
        with self._changed:
            self._listeners.extend(listeners)
            if self._is_failing:
                for listener in listeners:
                    listener.announce_outage()

    @property
    def waiting(self) -> int:
        """How many records are not in the file yet."""
        queued = self._sink.waiting if isinstance(self._sink, QueuedRecords) else 0
        return queued + len(self._owed)

    @property
    def is_failing(self) -> bool:
        """Whether the last record was not taken."""
        return self._is_failing

    def write(self, line: bytes) -> None:
        """
        Keep one record.

        Raises:
            RecordUnwritten: the decision must not leave; `owe` the record of its refusal.
        """
        try:
            self._sink.write(line)
        except RecordUnwritten as error:
            self._note(error)
            raise
        if self._is_failing:
            self._note(None)

    def owe(self, line: bytes) -> None:
        """Keep the record of a refusal until it can be written."""
        with self._changed:
            if len(self._owed) == MAX_OWED:
                self._uncounted += 1
                return
            self._owed.append(line)
            self._changed.notify_all()

    def _note(self, error: RecordUnwritten | None) -> None:
        """Note how the last write went, and tell who listens if that is news."""
        with self._changed:
            if self._is_failing is (error is not None):
                return
            self._is_failing = error is not None
            for listener in self._listeners:
                (listener.announce_recovery if error is None else listener.announce_outage)()
        if error is None:
            self._say("records_written_again")
        else:
            self._say("records_unwritten", why=str(error))

    def _run(self) -> None:
        while self._waits_to_try():
            self._try_what_is_owed()

    def _waits_to_try(self) -> bool:
        """Wait until something is owed, and a while longer; False where it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._owed or self._is_over)
            return not self._changed.wait_for(lambda: self._is_over, RETRY_SECONDS)

    def _try_what_is_owed(self) -> None:
        while self._owed:
            try:
                self.write(self._owed[0])
            except RecordUnwritten:
                return
            except Exception as error:  # noqa: BLE001 - or nobody would try again, nor say it is over
                self._note(RecordUnwritten(type(error).__name__))
                return
            self._owed.popleft()
            self._late += 1
        with self._changed:
            lost, self._uncounted = self._uncounted, 0
        late, self._late = self._late, 0
        self._say("records_caught_up", late=late, lost=lost)

    def _say(self, event: str, **values: object) -> None:
        # A log on the same full disk must not keep records from being written again.
        with contextlib.suppress(OSError, ValueError):
            self._log.error(event, **values)

    def __enter__(self) -> Self:
        """Begin to try what will be owed."""
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
        self._thread.join(STOP_SECONDS)
        if not self._owed:
            return
        self._try_what_is_owed()
        if self._owed:
            self._say("records_lost", count=len(self._owed) + self._uncounted)
