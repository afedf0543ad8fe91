"""`audit.durable`: what was taken is on the disk before `write` returns, at no sync for each."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from authz.audit.durable import DurableFile
from authz.audit.record import encoded
from authz.audit.sink import RecordUnwritten
from tests.support.opened import opened
from tests.support.waiting import wait_until

TIMEOUT_SECONDS = 20
THREADS = 8
RECORDS = 400


class Disk:
    """A disk that knows how much of a file a cut of the power would leave."""

    def __init__(self) -> None:
        self.safe_bytes = 0
        self.syncs = 0
        self.is_broken = False

    def sync(self, descriptor: int) -> None:
        """Bring the file to the disk, if it still works."""
        size = os.fstat(descriptor).st_size
        self.syncs += 1
        if self.is_broken:
            raise OSError(5, "Input/output error")
        os.fdatasync(descriptor)
        self.safe_bytes = size


class SlowDisk(Disk):
    """A disk that keeps its first sync waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.has_begun, self.go_on = threading.Event(), threading.Event()

    def sync(self, descriptor: int) -> None:
        """Bring the file to the disk, late."""
        if not self.has_begun.is_set():
            self.has_begun.set()
            self.go_on.wait(TIMEOUT_SECONDS)
        super().sync(descriptor)


def test_by_many_threads(tmp_path: Path) -> None:
    """Whatever `write` has taken would outlive a cut of the power at once, from any thread."""
    path, disk = tmp_path / "new" / "records.jsonl", Disk()

    def is_safe(number: int) -> bool:
        records.write(encoded({"n": number}))
        safe = path.read_bytes()[: disk.safe_bytes]
        return f'{{"n":{number}}}\n'.encode() in safe

    with DurableFile(path, disk.sync) as records, ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(is_safe, range(RECORDS)))

    assert len(path.read_text().splitlines()) == RECORDS


def test_renamed_while_lines_wait(tmp_path: Path) -> None:
    """What waits for a file that is moved away is on the disk before that is given up."""
    path, old = tmp_path / "records.jsonl", tmp_path / "records.jsonl.1"
    synced: list[tuple[int, int]] = []
    disk = SlowDisk()

    def sync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        disk.sync(descriptor)
        synced.append((status.st_ino, status.st_size))

    with DurableFile(path, sync) as records, ThreadPoolExecutor(THREADS) as pool:
        first = pool.submit(records.write, encoded({"n": 1}))
        assert disk.has_begun.wait(TIMEOUT_SECONDS)
        second = pool.submit(records.write, encoded({"n": 2}))
        wait_until(lambda: len(path.read_text().splitlines()) == 2)
        path.rename(old)
        third = pool.submit(records.write, encoded({"n": 3}))
        wait_until(path.exists)
        assert (old.stat().st_ino, old.stat().st_size) in synced
        disk.go_on.set()
        for each in (first, second, third):
            each.result(TIMEOUT_SECONDS)

    assert (path.stat().st_ino, path.stat().st_size) in synced


def test_disk_fails_where_it_is_moved(tmp_path: Path) -> None:
    """Where that sync fails, those who wait are told; the next file has nothing to do with it."""
    path, disk, broken = tmp_path / "records.jsonl", SlowDisk(), threading.Event()

    def sync(descriptor: int) -> None:
        if broken.is_set():
            broken.clear()
            raise OSError(5, "Input/output error")
        disk.sync(descriptor)

    with DurableFile(path, sync) as records, ThreadPoolExecutor(THREADS) as pool:
        first = pool.submit(records.write, encoded({"n": 1}))
        assert disk.has_begun.wait(TIMEOUT_SECONDS)
        second = pool.submit(records.write, encoded({"n": 2}))
        wait_until(lambda: len(path.read_text().splitlines()) == 2)
        path.rename(tmp_path / "records.jsonl.1")
        broken.set()
        third = pool.submit(records.write, encoded({"n": 3}))
        wait_until(path.exists)
        disk.go_on.set()
        first.result(TIMEOUT_SECONDS)
        with pytest.raises(RecordUnwritten, match="Input/output error"):
            second.result(TIMEOUT_SECONDS)
        third.result(TIMEOUT_SECONDS)


def test_one_sync_for_all_who_wait(tmp_path: Path) -> None:
    """Those who come while the disk is busy share the next sync, which begins after their lines."""
    path, disk = tmp_path / "records.jsonl", SlowDisk()

    def write(number: int) -> None:
        records.write(encoded({"n": number}))

    with DurableFile(path, disk.sync) as records, ThreadPoolExecutor(THREADS) as pool:
        first = pool.submit(write, 0)
        assert disk.has_begun.wait(TIMEOUT_SECONDS)
        others = [pool.submit(write, number) for number in range(1, THREADS)]
        wait_until(lambda: len(path.read_bytes().splitlines()) == THREADS)
        assert not any(each.done() for each in (first, *others))
        disk.go_on.set()
        for each in (first, *others):
            each.result(TIMEOUT_SECONDS)
        assert disk.syncs == 2
    assert disk.safe_bytes == path.stat().st_size


def test_a_disk_that_fails(tmp_path: Path) -> None:
    """What a sync failed for is not taken, though a later sync succeeds; the next record is."""
    path, disk = tmp_path / "records.jsonl", SlowDisk()
    disk.is_broken = True

    def outcome(line: bytes) -> str:
        try:
            records.write(line)
        except RecordUnwritten as error:
            return str(error)
        return "taken"

    with DurableFile(path, disk.sync) as records, ThreadPoolExecutor(THREADS) as pool:
        first = pool.submit(outcome, encoded({"n": 0}))
        assert disk.has_begun.wait(TIMEOUT_SECONDS)
        disk.go_on.set()
        assert first.result(TIMEOUT_SECONDS) == "Input/output error"
        disk.is_broken = False
        assert outcome(encoded({"n": 1})) == "taken"


def test_all_who_share_a_failed_sync_are_told(tmp_path: Path) -> None:
    """Of lines that one failed sync was for, none counts as taken: nobody asks the disk again."""
    path, disk = tmp_path / "records.jsonl", SlowDisk()

    def write(number: int) -> None:
        records.write(encoded({"n": number}))

    with DurableFile(path, disk.sync) as records, ThreadPoolExecutor(THREADS) as pool:
        first = pool.submit(write, 0)
        assert disk.has_begun.wait(TIMEOUT_SECONDS)
        others = [pool.submit(write, number) for number in range(1, THREADS)]
        wait_until(lambda: len(path.read_bytes().splitlines()) == THREADS)
        disk.is_broken = True
        disk.go_on.set()
        errors = [each.exception(TIMEOUT_SECONDS) for each in (first, *others)]

    assert {type(error) for error in errors} == {RecordUnwritten}
    assert disk.syncs == 2


def test_names_are_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the new file's name is lost with the power, nor that of its new folder."""
    synced: list[str] = []

    def note(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr("os.fsync", note)
    folder = tmp_path / "new"
    DurableFile(folder / "records.jsonl").close()

    assert synced == [str(folder), str(tmp_path)]
    assert not set(synced) & opened()


def test_a_name_that_did_not_reach_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the folder of a new file cannot be synced, no line of it is taken before it was."""
    path, synced, faults = tmp_path / "records.jsonl", list[int](), [OSError(5, "I/O error")]

    def sync_folder(descriptor: int) -> None:
        if faults:
            raise faults.pop()
        synced.append(descriptor)

    with DurableFile(path) as records:
        path.rename(tmp_path / "records.jsonl.1")
        monkeypatch.setattr("os.fsync", sync_folder)
        with pytest.raises(RecordUnwritten, match="I/O error"):
            records.write(encoded({"n": 1}))
        assert str(path) not in opened()
        records.write(encoded({"n": 2}))

    assert len(synced) == 2
    assert path.read_text() == '{"n":2}\n'
