"""What is wrong with a wheel or an sdist is told, and which Pythons are tried."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from tools import installed, package

WHEEL = "narrowgate-1-py3-none-any.whl"
GOOD = {*package.OF_THE_SDIST, *package.ADDED_TO_SDISTS}


def tracked() -> set[str]:
    """Give the files of the package that git knows."""
    listed = subprocess.run(
        ["git", "ls-files", "authz"], cwd=package.ROOT, capture_output=True, text=True, check=True
    )
    return set(listed.stdout.split())


def write(folder: Path, name: str, held: Iterable[str], tops: Iterable[str]) -> tuple[Path, Path]:
    """Write a wheel and an sdist with these members."""
    wheel, sdist = folder / name, folder / "narrowgate-1.tar.gz"
    with zipfile.ZipFile(wheel, "w") as archive:
        for member in (*held, "narrowgate-1.dist-info/METADATA"):
            archive.writestr(member, "")
    with tarfile.open(sdist, "w:gz") as tar:
        for top in tops:
            tar.addfile(tarfile.TarInfo(f"narrowgate-1/{top}"), io.BytesIO())
    return wheel, sdist


def test_as_it_must_be(tmp_path: Path) -> None:
    """The package, for every platform, and the sdist's few folders."""
    package.check_contents(*write(tmp_path, WHEEL, tracked(), GOOD))


@pytest.mark.parametrize(
    ("name", "missing", "added", "top", "told"),
    [
        (WHEEL, "authz/py.typed", set(), set(), "py.typed"),
        (WHEEL, "", {"tests/test_x.py"}, set(), "test_x"),
        (WHEEL, "", set(), {"bench"}, "bench"),
        ("narrowgate-1-cp311-cp311-linux_x86_64.whl", "", set(), set(), "every platform"),
    ],
)
def test_not_as_it_must_be(
    name: str, missing: str, added: set[str], top: set[str], told: str, tmp_path: Path
) -> None:
    """Each mistake is named."""
    built = write(tmp_path, name, (tracked() - {missing}) | added, GOOD | top)

    with pytest.raises(package.NotSo, match=told):
        package.check_contents(*built)


def test_which_pythons() -> None:
    """Those of the classifiers; the one that runs is found, an empty promise is not."""
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"

    assert ours in installed.supported(package.ROOT / "pyproject.toml")
    assert installed.interpreter(ours) is not None
    assert installed.interpreter("3.0") is None


def test_an_empty_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What version managers put into the `PATH` may not run, or be another version."""
    for name, script in ("python3.98", "exit 127"), ("python3.99", "echo 3.11"):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert installed.interpreter("3.98") is None
    assert installed.interpreter("3.99") is None
