"""The decision log at the level that the Gate declares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import assert_never

from structlog.typing import FilteringBoundLogger

from authz.audit.durable import DurableFile
from authz.audit.outage import WatchedRecords
from authz.audit.queued import QueuedRecords, Sink
from authz.audit.sink import RecordFile
from authz.directory.compiled import RecordLevel


@contextmanager
def open_records(
    path: Path, level: RecordLevel, log: FilteringBoundLogger
) -> Iterator[WatchedRecords]:
    """
    Open the decision log at *path* until the block ends.

    Raises:
        OSError: the file cannot be opened.
    """
    with ExitStack() as opened:
        sink = _open(path, level, log, opened)
        yield opened.enter_context(WatchedRecords(sink, log))


def _open(path: Path, level: RecordLevel, log: FilteringBoundLogger, opened: ExitStack) -> Sink:
    match level:
        case RecordLevel.DURABLE:
            return opened.enter_context(DurableFile(path))
        case RecordLevel.WRITTEN:
            return opened.enter_context(RecordFile(path))
        case RecordLevel.QUEUED:
            file = opened.enter_context(RecordFile(path))
            return opened.enter_context(QueuedRecords(file, log))
        case other:
            assert_never(other)
