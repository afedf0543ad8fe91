"""`audit.levels`: what has become of a record when `write` returns, at each level."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from authz.audit.levels import open_records
from authz.audit.record import encoded
from authz.directory.compiled import RecordLevel
from authz.telemetry.logs import open_log

ROW = b'{"n":1}\n'
SYNCED = {RecordLevel.DURABLE: [ROW], RecordLevel.WRITTEN: [], RecordLevel.QUEUED: []}


@pytest.mark.parametrize("level", RecordLevel)
def test_level(level: RecordLevel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All levels have it in the file at the end; only `durable` syncs, with the line in it."""
    path, synced = tmp_path / "records.jsonl", list[bytes]()
    monkeypatch.setattr(os, "fdatasync", lambda _: synced.append(path.read_bytes()))

    with open_records(path, level, open_log("error")) as records:
        records.write(encoded({"n": 1}))
        if level is not RecordLevel.QUEUED:
            assert path.read_bytes() == ROW

    assert path.read_bytes() == ROW
    assert synced == SYNCED[level]


@pytest.mark.parametrize("level", RecordLevel)
def test_cannot_be_opened(level: RecordLevel, tmp_path: Path) -> None:
    """At every level a path that is no file is told at the start."""
    with (
        pytest.raises(OSError, match=os.fspath(tmp_path)),
        open_records(tmp_path, level, open_log("error")),
    ):
        pass
