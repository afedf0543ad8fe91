"""Whoever lacks Go is told so, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.peers.build import CannotBuild, go_version


@pytest.mark.parametrize("says", [None, "go version go1.25.4 linux/amd64", "nonsense"])
def test_go_is_missing_or_old(
    says: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No Go, an old one, and one that says nothing of use are all named as what is missing."""
    _put_go(tmp_path, says)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CannotBuild, match=r"Go 1\.26 or newer"):
        go_version()


@pytest.mark.parametrize("version", ["1.26.0", "1.27rc1", "2.0"])
def test_go_is_new_enough(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any Go from 1.26 on will do."""
    _put_go(tmp_path, f"go version go{version} linux/amd64")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert go_version() == f"go version go{version} linux/amd64"


def _put_go(folder: Path, says: str | None) -> None:
    if says is not None:
        program = folder / "go"
        program.write_text(f"#!/bin/sh\necho '{says}'\n")
        program.chmod(0o755)
