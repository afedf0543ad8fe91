"""Builds the sdist and the wheel; with `--check` tries the wheel as somebody who installs it would.

    python -m tools.package [--check]

Without `--check` both lie in `dist/`. With it nothing stays: the wheel that the
sdist gives must be the wheel that the tree gives, hold the package and no more,
and, in an environment with nothing else and an empty folder, follow
`docs/first-policy.md`. Then it must answer Checks there, with each Python that
pyproject.toml names and this machine has.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path, PurePosixPath

from tools import fenced, installed

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/first-policy.md"
OF_THE_SDIST = {"authz", "protos", "LICENSE", "README.md", "CHANGELOG.md"}
ADDED_TO_SDISTS = {"PKG-INFO", "pyproject.toml", ".gitignore"}


class NotSo(Exception):
    """What was built is not as it must be; the message says how."""


def build(folder: Path, *kinds: str) -> None:
    """Build *kinds* (`--wheel`, `--sdist`), or the sdist and from it the wheel, into *folder*."""
    uv = (installed.UV, "build", "--quiet", "--no-build-isolation", "--python", sys.executable)
    subprocess.run([*uv, "--out-dir", folder, *kinds, ROOT], check=True)


def _only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def check_contents(wheel: Path, sdist: Path) -> None:
    """
    Hold what was built against what git knows.

    Raises:
        NotSo: something is missing, or there that should not be.
    """
    listed = subprocess.run(
        ["git", "ls-files", "authz"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    package = set(listed.stdout.split())
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    if held != package:
        raise NotSo(f"the wheel and `git ls-files authz` differ: {sorted(held ^ package)}")
    if not wheel.name.endswith("-py3-none-any.whl"):
        raise NotSo(f"{wheel.name} is not for every platform")
    with tarfile.open(sdist) as archive:
        tops = {PurePosixPath(name).parts[1] for name in archive.getnames()}
    if tops - ADDED_TO_SDISTS != OF_THE_SDIST:
        raise NotSo(f"the sdist holds {sorted(tops)}")


def follow(programs: Path, place: Path) -> None:
    """
    Follow the page in the new folder *place*, which then holds the page's world.

    Raises:
        NotSo: a command fails.
    """
    place.mkdir()
    (script,) = fenced.scripts(PAGE.read_text())
    log = place.with_suffix(".log")
    quiet = fenced.Script(f"exec > {log} 2>&1\n{script.text}", alone=True)
    if fenced.run(quiet, place, programs):
        raise NotSo(f"{PAGE.name} does not run:\n{log.read_text()}")


def try_with(python: Path, wheel: Path, folder: Path, place: Path) -> None:
    """
    Install *wheel* for *python* in *folder*, and use it there; the first one makes *place*.

    Raises:
        NotSo: the page does not run, or Checks are not answered as they should be.
    """
    programs = installed.install(python, wheel, folder)
    if not place.exists():
        follow(programs, place)
    if wrong := installed.wrong_answers(programs, place):
        raise NotSo("\n".join(wrong))


def check() -> None:
    """
    Build, look, install, use.

    Raises:
        NotSo: something is not as it must be.
    """
    with tempfile.TemporaryDirectory(prefix="narrowgate-") as scratch:
        folder = Path(scratch)
        build(folder / "both")
        build(folder / "tree", "--wheel")
        wheel, sdist = _only(folder / "both", "*.whl"), _only(folder / "both", "*.tar.gz")
        if wheel.read_bytes() != _only(folder / "tree", "*.whl").read_bytes():
            raise NotSo("the sdist gives another wheel than the tree")
        check_contents(wheel, sdist)
        print(f"{wheel.name}: holds the package and no more; the sdist gives the same")
        for version in installed.supported(ROOT / "pyproject.toml"):
            python = installed.interpreter(version)
            if python is None:
                print(f"Python {version}: not on this machine, not tried")
                continue
            began = time.monotonic()
            try_with(python, wheel, folder / version, folder / "place")
            print(f"Python {version}: good after {time.monotonic() - began:.0f} s", flush=True)


def main() -> int:
    """Build into `dist/`, or check."""
    if "--check" not in sys.argv:
        build(ROOT / "dist")
        print(*(path.name for path in sorted((ROOT / "dist").glob("narrowgate-*"))), sep="\n")
        return 0
    try:
        check()
    except (NotSo, TimeoutError) as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
