"""`audit.queued`: bounded, in order, emptied at the end; what is lost is counted and told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from structlog.testing import CapturingLogger
from structlog.typing import FilteringBoundLogger

from authz.audit import queued
from authz.audit.queued import QueuedRecords
from authz.audit.record import encoded
from authz.audit.sink import RecordUnwritten
from tests.support.waiting import wait_until

TIMEOUT_SECONDS = 20


class File:
    """A file that takes records when it may."""

    def __init__(self) -> None:
        self.rows: list[Mapping[str, object]] = []
        self.is_full = False
        self.may_write = threading.Event()
        self.may_write.set()

    def write(self, line: bytes) -> None:
        """Take *line*, or say that there is no room."""
        self.may_write.wait(TIMEOUT_SECONDS)
        if self.is_full:
            raise RecordUnwritten("No space left on device")
        self.rows.append(json.loads(line))


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queued, "RETRY_SECONDS", 0.02)


def is_refused(write: Callable[[bytes], None], why: str = "") -> bool:
    """Say whether a record is not taken, for that reason."""
    try:
        write(encoded({"n": "?"}))
    except RecordUnwritten as error:
        return why in str(error)
    return False


@contextmanager
def queue(file: File, size: int = 4) -> Iterator[tuple[QueuedRecords, CapturingLogger]]:
    """Queue records for *file*; the log is given too."""
    log = CapturingLogger()
    with QueuedRecords(file, _bound(log), size) as records:
        yield records, log


def _bound(log: CapturingLogger) -> FilteringBoundLogger:
    return log


def test_all_arrive_in_order() -> None:
    """Whatever was taken is in the file when it is closed, in the order in which it came."""
    file = File()
    with queue(file, size=1_000) as (records, log):
        for number in range(500):
            records.write(encoded({"n": number}))

    assert [row["n"] for row in file.rows] == list(range(500))
    assert log.calls == []


def test_a_fault_of_ours_is_no_end() -> None:
    """Whatever keeps a record from the file nobody is allowed meanwhile, and none is lost."""

    class Faulty(File):
        def write(self, line: bytes) -> None:
            if self.is_full:
                raise ZeroDivisionError("secret")
            super().write(line)

    file = Faulty()
    file.is_full = True
    with queue(file) as (records, _):
        records.write(encoded({"n": 0}))
        wait_until(lambda: is_refused(records.write, "ZeroDivisionError"))
        file.is_full = False
        wait_until(lambda: not is_refused(records.write))

    assert file.rows[0] == {"n": 0}


def test_a_slow_file_is_not_waited_for() -> None:
    """An answer does not wait for the file; a full queue takes nothing, until there is room."""
    file = File()
    file.may_write.clear()
    with queue(file) as (records, _):
        for number in range(4):
            records.write(encoded({"n": number}))
        assert is_refused(records.write, "the queue is full")
        file.may_write.set()
        wait_until(lambda: len(file.rows) == 4)
        records.write(encoded({"n": 4}))

    assert [row["n"] for row in file.rows] == list(range(5))


def test_a_full_disk() -> None:
    """While the file takes nothing, nobody gets a place; what is queued is written afterwards."""
    file = File()
    file.is_full = True
    with queue(file, size=1_000) as (records, log):
        records.write(encoded({"n": 0}))
        wait_until(lambda: is_refused(records.write, "No space left on device"))
        file.is_full = False
        wait_until(lambda: bool(file.rows))
        wait_until(lambda: not is_refused(records.write))

    assert file.rows[0] == {"n": 0}
    assert log.calls == []


def test_what_is_lost_is_told() -> None:
    """A stop while the file takes nothing ends at once, and tells how many records are lost."""
    file = File()
    file.may_write.clear()
    with queue(file) as (records, log):
        for number in range(3):
            records.write(encoded({"n": number}))
        file.is_full = True
        file.may_write.set()

    (call,) = log.calls
    assert (call.method_name, call.args) == ("error", ("records_lost",))
    assert call.kwargs == {"count": 3, "why": "No space left on device"}


def test_closed() -> None:
    """A queue at its end takes nothing."""
    with queue(File()) as (records, _):
        pass

    assert is_refused(records.write, "closed")
