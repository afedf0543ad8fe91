"""`audit.outage`: an outage is told once, ends by itself, and leaves no refusal without record."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from structlog.testing import CapturingLogger

from authz.audit import outage
from authz.audit.outage import MAX_OWED, WatchedRecords
from authz.audit.record import encoded
from authz.audit.sink import RecordUnwritten
from tests.support.waiting import wait_until

FULL = "No space left on device"


class Disk:
    """A log that takes records while there is room."""

    def __init__(self) -> None:
        self.rows: list[Mapping[str, object]] = []
        self.is_full = False

    def write(self, line: bytes) -> None:
        """Take *line*, or say that there is no room."""
        if self.is_full:
            raise RecordUnwritten(FULL)
        self.rows.append(json.loads(line))


class Told:
    """What was told of an outage, by the log and to a listener."""

    def __init__(self) -> None:
        self.log = CapturingLogger()
        self.states: list[str] = []

    def announce_outage(self) -> None:
        """Hear that it begins."""
        self.states.append("outage")

    def announce_recovery(self) -> None:
        """Hear that it is over."""
        self.states.append("recovery")

    @property
    def events(self) -> list[object]:
        """The names of what was logged."""
        return [call.args[0] for call in self.log.calls]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "RETRY_SECONDS", 0.02)


def refused(records: WatchedRecords, number: int) -> None:
    """Bring a record, and owe that of its refusal."""
    with pytest.raises(RecordUnwritten, match=FULL):
        records.write(encoded({"allow": number}))
    records.owe(encoded({"fault": number}))


def test_ends_by_itself() -> None:
    """Once there is room, what is owed is written without another call, and all is told once."""
    disk, told = Disk(), Told()
    with WatchedRecords(disk, told.log) as records:
        records.tell(told)
        records.write(encoded({"allow": 0}))
        disk.is_full = True
        for number in range(1, 4):
            refused(records, number)
        assert told.states == ["outage"]
        disk.is_full = False
        wait_until(lambda: told.states == ["outage", "recovery"])
        wait_until(lambda: "records_caught_up" in told.events)

    assert disk.rows == [{"allow": 0}, *({"fault": number} for number in range(1, 4))]
    assert told.events == ["records_unwritten", "records_written_again", "records_caught_up"]
    assert told.log.calls[0].kwargs == {"why": FULL}
    assert told.log.calls[-1].kwargs == {"late": 3, "lost": 0}


def test_another_fault_ends_nothing_for_good() -> None:
    """A fault of ours while what is owed is tried is an outage too, and ends by itself as well."""

    class Faulty(Disk):
        """Fails otherwise than a full disk does, a few times."""

        faults = 3

        def write(self, line: bytes) -> None:
            if not self.is_full and self.faults:
                self.faults -= 1
                raise MemoryError
            super().write(line)

    disk, told = Faulty(), Told()
    disk.is_full = True
    with WatchedRecords(disk, told.log) as records:
        records.tell(told)
        refused(records, 1)
        disk.is_full = False
        wait_until(lambda: told.states == ["outage", "recovery"])

    assert disk.faults == 0
    assert disk.rows == [{"fault": 1}]


def test_lasts_while_there_is_no_room() -> None:
    """Trying in vain changes nothing, and fills no log."""
    disk, told = Disk(), Told()
    tried: list[int] = []

    class Counting(Disk):
        def write(self, line: bytes) -> None:
            tried.append(1)
            disk.write(line)

    disk.is_full = True
    with WatchedRecords(Counting(), told.log) as records:
        records.tell(told)
        refused(records, 1)
        wait_until(lambda: len(tried) > 4)
        assert told.states == ["outage"]
        assert told.events == ["records_unwritten"]
        disk.is_full = False

    assert disk.rows == [{"fault": 1}]


def test_the_next_call_ends_it_too() -> None:
    """A record that is taken shows that there is room."""
    disk, told = Disk(), Told()
    with WatchedRecords(disk, told.log) as records:
        records.tell(told)
        disk.is_full = True
        with pytest.raises(RecordUnwritten):
            records.write(encoded({"allow": 1}))
        disk.is_full = False
        records.write(encoded({"allow": 2}))
        assert told.states == ["outage", "recovery"]


def test_who_comes_late_is_told() -> None:
    """A face that is opened during an outage does not say that it serves."""
    disk, told = Disk(), Told()
    disk.is_full = True
    with WatchedRecords(disk, told.log) as records:
        refused(records, 1)
        records.tell(told)
        assert told.states == ["outage"]
        disk.is_full = False


def test_what_is_owed_is_bounded() -> None:
    """Of more refusals than can be kept the number is told."""
    disk, told = Disk(), Told()
    with WatchedRecords(disk, told.log) as records:
        disk.is_full = True
        refused(records, 0)
        for number in range(1, MAX_OWED + 3):
            records.owe(encoded({"fault": number}))
        disk.is_full = False
        wait_until(lambda: "records_caught_up" in told.events)

    assert len(disk.rows) == MAX_OWED
    assert told.log.calls[-1].kwargs == {"late": MAX_OWED, "lost": 3}


def test_all_that_came_late_is_counted() -> None:
    """Where there was room for some of it before there was for the rest, both are told."""

    class Narrow(Disk):
        """Has room for one record, and is full again once it is there."""

        def write(self, line: bytes) -> None:
            if self.is_full:
                raise RecordUnwritten(FULL)
            self.is_full = not self.rows
            self.rows.append(json.loads(line))

    disk, told = Narrow(), Told()
    with WatchedRecords(disk, told.log) as records:
        disk.is_full = True
        for number in range(3):
            refused(records, number)
        disk.is_full = False
        wait_until(lambda: len(disk.rows) == 1)
        disk.is_full = False
        wait_until(lambda: "records_caught_up" in told.events)

    assert told.log.calls[-1].kwargs == {"late": 3, "lost": 0}


def stopped(disk: Disk, told: Told, *, in_time: bool) -> list[Mapping[str, object]]:
    """Stop while a record is owed; give what is told to be lost."""
    with WatchedRecords(disk, told.log) as records:
        disk.is_full = True
        refused(records, 1)
        disk.is_full = not in_time
    return [call.kwargs for call in told.log.calls if call.args == ("records_lost",)]


def test_a_stop_tries_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is owed at the end is written if there is room by then; else it is told to be lost."""
    monkeypatch.setattr(outage, "RETRY_SECONDS", 60)
    disk, full = Disk(), Disk()

    assert stopped(disk, Told(), in_time=True) == []
    assert disk.rows == [{"fault": 1}]
    assert stopped(full, Told(), in_time=False) == [{"count": 1}]
    assert full.rows == []


def test_a_log_that_fails_too() -> None:
    """A log that lies on the same full disk does not keep the outage from ending."""

    class Failing:
        def error(self, *_: object, **__: object) -> None:
            raise OSError(28, FULL)

    disk, told = Disk(), Told()
    with WatchedRecords(disk, Failing()) as records:  # type: ignore[arg-type]
        records.tell(told)
        disk.is_full = True
        refused(records, 1)
        disk.is_full = False
        wait_until(lambda: told.states == ["outage", "recovery"])

    assert disk.rows == [{"fault": 1}]
