"""`audit.sink`: a record is with the kernel, or it is not written and says so."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from authz.audit.record import encoded
from authz.audit.sink import RecordFile, RecordUnwritten
from tests.support.opened import opened

FULL = Path("/dev/full")
"""A file on a disk that is full."""


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond *size* bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def lines_of(path: Path) -> list[str]:
    """Give the lines of a file of records."""
    return path.read_text(encoding="ascii").splitlines()


def test_one_line_each(tmp_path: Path) -> None:
    """Every record is a line of JSON in ASCII, in the order of writing."""
    path = tmp_path / "deep" / "records.jsonl"
    with RecordFile(path) as records:
        records.write(encoded({"user": "алиса", "text": "a\nb"}))
        records.write(encoded({"n": 1}))

    assert [json.loads(line) for line in lines_of(path)] == [
        {"user": "алиса", "text": "a\nb"},
        {"n": 1},
    ]


def test_readable_before_it_is_closed(tmp_path: Path) -> None:
    """A line is with the kernel as soon as `write` returns."""
    path = tmp_path / "records.jsonl"
    with RecordFile(path) as records:
        records.write(encoded({"n": 1}))

        assert lines_of(path) == ['{"n":1}']


def test_appended(tmp_path: Path) -> None:
    """A second process, or a restart, adds to what is there."""
    path = tmp_path / "records.jsonl"
    with RecordFile(path) as first, RecordFile(path) as second:
        first.write(encoded({"n": 1}))
        second.write(encoded({"n": 2}))
        first.write(encoded({"n": 3}))

    assert [json.loads(line)["n"] for line in lines_of(path)] == [1, 2, 3]


def test_threads_do_not_mix_lines(tmp_path: Path) -> None:
    """Lines of several threads stay whole, and none is lost."""
    path = tmp_path / "records.jsonl"
    with RecordFile(path) as records, ThreadPoolExecutor(8) as pool:
        list(pool.map(records.write, [encoded({"n": n, "fill": "x" * 500}) for n in range(400)]))

    assert sorted(json.loads(line)["n"] for line in lines_of(path)) == list(range(400))


def test_waits_for_another_process(tmp_path: Path) -> None:
    """While another process has the file to itself no line is begun: it may be taking one back."""
    path = tmp_path / "records.jsonl"
    with RecordFile(path) as records, ThreadPoolExecutor(1) as pool:
        with path.open() as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            waiting = pool.submit(records.write, encoded({"n": 1}))
            with pytest.raises(TimeoutError):
                waiting.result(0.2)
            assert lines_of(path) == []
        waiting.result(20)

    assert lines_of(path) == ['{"n":1}']


def test_not_open_to_others(tmp_path: Path) -> None:
    """Records name users: nobody outside the group can read them."""
    path = tmp_path / "records.jsonl"
    RecordFile(path).close()

    assert path.stat().st_mode & 0o007 == 0


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
def test_full_disk() -> None:
    """What a full disk does not take is not written, time after time."""
    with RecordFile(FULL) as records:
        for _ in range(2):
            with pytest.raises(RecordUnwritten):
                records.write(encoded({"n": 1}))


def test_cut_short(tmp_path: Path) -> None:
    """A write that is cut short counts as unwritten, and nothing is left of it."""
    path = tmp_path / "records.jsonl"
    with RecordFile(path) as records:
        records.write(encoded({"n": 1}))
        with room_for(path.stat().st_size + 5):
            for _ in range(3):
                with pytest.raises(RecordUnwritten):
                    records.write(encoded({"n": 2}))
            assert lines_of(path) == ['{"n":1}']
        records.write(encoded({"n": 3}))

    assert lines_of(path) == ['{"n":1}', '{"n":3}']


def test_torn(tmp_path: Path) -> None:
    """A line that a killed process has torn does not spoil the next one, however often it fails."""
    path = tmp_path / "records.jsonl"
    path.write_text('{"n":1}\n{"n":')
    with RecordFile(path) as records:
        with room_for(path.stat().st_size + 3), pytest.raises(RecordUnwritten):
            records.write(encoded({"n": 2}))
        records.write(encoded({"n": 3}))
        records.write(encoded({"n": 4}))

    assert lines_of(path) == ['{"n":1}', '{"n":', '{"n":3}', '{"n":4}']


def test_deleted(tmp_path: Path) -> None:
    """A file that was deleted with its folder is made anew with the next record."""
    path = tmp_path / "records" / "records.jsonl"
    with RecordFile(path) as records:
        records.write(encoded({"n": 1}))
        shutil.rmtree(path.parent)
        records.write(encoded({"n": 2}))

    assert lines_of(path) == ['{"n":2}']


def test_renamed(tmp_path: Path) -> None:
    """A file that was renamed, as who rotates logs does, is left alone from the next record on."""
    path, old = tmp_path / "records.jsonl", tmp_path / "records.jsonl.1"
    with RecordFile(path) as records, RecordFile(path) as others:
        records.write(encoded({"n": 1}))
        path.rename(old)
        records.write(encoded({"n": 2}))
        others.write(encoded({"n": 3}))

    assert lines_of(old) == ['{"n":1}']
    assert lines_of(path) == ['{"n":2}', '{"n":3}']


def test_renamed_and_made_by_another(tmp_path: Path) -> None:
    """Whoever renames it may make the new one, too."""
    path = tmp_path / "records.jsonl"
    with RecordFile(path) as records:
        records.write(encoded({"n": 1}))
        path.rename(tmp_path / "records.jsonl.1")
        path.touch(0o600)
        records.write(encoded({"n": 2}))

    assert lines_of(path) == ['{"n":2}']


class MovingFile(RecordFile):
    """A file that somebody moves away whenever it was opened."""

    def _open(self) -> None:
        super()._open()
        self._path.rename(self._path.with_suffix(".old"))


def test_renamed_without_end(tmp_path: Path) -> None:
    """Who never finds it at its place gives up: nothing is allowed without a record."""
    with (
        MovingFile(tmp_path / "records.jsonl") as records,
        pytest.raises(RecordUnwritten, match="again and again"),
    ):
        records.write(encoded({"n": 1}))


def test_deleted_and_not_to_be_made_anew(tmp_path: Path) -> None:
    """Where the file cannot be made anew, nothing is written, until it can."""
    path = tmp_path / "records" / "records.jsonl"
    with RecordFile(path) as records:
        shutil.rmtree(path.parent)
        path.parent.touch()
        for _ in range(2):
            with pytest.raises(RecordUnwritten, match=r"File exists|Not a directory"):
                records.write(encoded({"n": 1}))
        path.parent.unlink()
        records.write(encoded({"n": 2}))

    assert lines_of(path) == ['{"n":2}']


def test_closed_without_a_file(tmp_path: Path) -> None:
    """A file that could not be made anew is closed like any other."""
    path = tmp_path / "records" / "records.jsonl"
    with RecordFile(path) as records:
        shutil.rmtree(path.parent)
        path.parent.touch()
        with pytest.raises(RecordUnwritten):
            records.write(encoded({"n": 1}))

    with pytest.raises(RecordUnwritten, match="closed"):
        records.write(encoded({"n": 2}))


def test_closed(tmp_path: Path) -> None:
    """A closed file takes nothing and says so, and the system has it back."""
    path = tmp_path / "records.jsonl"
    records = RecordFile(path)
    assert str(path) in opened()
    records.close()

    assert str(path) not in opened()
    with pytest.raises(RecordUnwritten):
        records.write(encoded({"n": 1}))


@pytest.mark.parametrize("name", ["", "file/records.jsonl"])
def test_cannot_be_opened(tmp_path: Path, name: str) -> None:
    """A path that is no file is told at the start, not at the first decision."""
    (tmp_path / "file").touch()

    with pytest.raises(OSError, match=os.fspath(tmp_path)):
        RecordFile(tmp_path / name)
