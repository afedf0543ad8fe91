"""Instructions by valgrind's callgrind, of blocks of Python inside one process.

Valgrind runs a process some forty times slower, so instructions are counted from
the moment on where the process asks for it, and inside `exec` only: the function
of the interpreter behind it is what callgrind begins and ends a count at. Nothing
else may run an `exec` then, imports least of all.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

BORDER = "PyEval_EvalCode"
"""The C function behind `exec`; part of the interpreter's published interface."""

OPTIONS = (
    "--tool=callgrind",
    "--instr-atstart=no",
    f"--toggle-collect={BORDER}",
    f"--dump-after={BORDER}",
)
MOST_SECONDS = 600

_OBJECT = re.compile(r"ob=\((\d+)\)(?: (.*))?")


class CannotCount(Exception):
    """There is no valgrind, or it did not do as it was told."""


def count_instructions(blocks: Sequence[Callable[[], object]]) -> None:
    """Run *blocks*, one count each, in a process that callgrind runs with `OPTIONS`."""
    _switch_on()
    code = compile("block()", "<counted>", "exec")
    for block in blocks:
        exec(code, {"block": block})  # noqa: S102 - our own three words


def _switch_on() -> None:
    """Ask valgrind for it. Whoever sleeps is not asked, so it is not waited for in a call."""
    with subprocess.Popen(
        ["vgdb", f"--pid={os.getpid()}", "instrumentation", "on"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as asking:
        while asking.poll() is None:
            pass
        if asking.returncode != 0:
            raise CannotCount("valgrind does not take commands")


def find_valgrind() -> str:
    """
    Give the path of valgrind.

    Raises:
        CannotCount: it is not installed.
    """
    if shutil.which("vgdb") is None or (found := shutil.which("valgrind")) is None:
        raise CannotCount("valgrind is not installed; `apt-get install valgrind` brings it")
    return found


def run_counted(command: Sequence[str], folder: Path) -> list[str]:
    """
    Run *command*, which calls `count_instructions`, and give what its blocks cost.

    Args:
        command: Of a Python program.
        folder: Is empty; callgrind writes into it.

    Returns:
        What callgrind wrote of each block, for `by_library`.

    Raises:
        CannotCount: there is no valgrind, or it failed.
    """
    out = folder / "callgrind"
    # Fixed, so that sets of texts have the same order each time.
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    ended = subprocess.run(
        [find_valgrind(), *OPTIONS, f"--callgrind-out-file={out}", *command],
        check=False,
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        env=environment,
    )
    if ended.returncode != 0:
        raise CannotCount(f"the counted process failed:\n{ended.stderr[-2000:]}")
    files = sorted(folder.glob("callgrind.*"), key=lambda path: int(path.suffix[1:]))
    # The last is what came after the last block.
    return [path.read_text() for path in files[:-1]]


def by_library(dump: str) -> Mapping[str, int]:
    """Add up what a dump of callgrind counts, by the library that the instructions are in."""
    names: dict[str, str] = {}
    counted: Counter[str] = Counter()
    library, is_of_called = "", False
    for line in dump.splitlines():
        if found := _OBJECT.fullmatch(line):
            number, path = found.groups()
            library = names.setdefault(number, _short(path or ""))
        elif line.startswith("cob=("):
            number, _, path = line[5:].partition(") ")
            if path:
                names.setdefault(number, _short(path))
        elif line.startswith("calls="):
            is_of_called = True
        elif line[:1] in "0123456789+-*" and line:
            if not is_of_called:
                counted[library] += int(line.rpartition(" ")[2])
            is_of_called = False
    return dict(counted)


def _short(path: str) -> str:
    """Give the package that a library belongs to, else its name without version and platform."""
    _, _, within = path.rpartition("/site-packages/")
    if within and within != path:
        return within.partition("/")[0].partition(".")[0]
    return path.rpartition("/")[2].partition(".")[0]
