"""One copy of the tree, where one wall at a time is taken away and tried."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from dataclasses import dataclass
from multiprocessing.context import ForkProcess
from pathlib import Path

from tools.sabotage.child import Report, run_tests
from tools.sabotage.selection import Stages
from tools.sabotage.walls import Wall

LEFT_OUT = shutil.ignore_patterns(
    ".git",
    ".venv",
    ".demo",
    ".bench",
    ".pyvoy",
    ".clients",
    ".hypothesis",
    ".*_cache",
    "*.egg-info",
)
_FORK = multiprocessing.get_context("fork")


def copy_tree(root: Path, to: Path) -> None:
    """Copy what is tested and what tests it."""
    shutil.copytree(root, to, ignore=LEFT_OUT, symlinks=True)


@dataclass(slots=True)
class Run:
    """Tests under way in a process of their own."""

    process: ForkProcess
    folder: Path
    started: float

    def wait_below(self, patience: float) -> float:
        """Give how many seconds the test under way may still take."""
        try:
            since = (self.folder / "current").stat().st_mtime
        except FileNotFoundError:
            since = self.started
        return since + patience - time.time()

    def report(self) -> Report:
        """Give what a run that has ended reports; an end without a report is red."""
        try:
            return Report.read(self.folder / "report.json")
        except FileNotFoundError:
            return Report.of_an_end(f"{self._current()} (the process ended)")

    def cut(self) -> Report:
        """End a run that hangs."""
        current = self._current()
        os.killpg(self._pid, signal.SIGKILL)
        self.process.join()
        return Report.of_an_end(f"{current} (hung)")

    @property
    def log(self) -> str:
        """What the tests printed."""
        return (self.folder / "log").read_text(errors="replace")

    @property
    def _pid(self) -> int:
        if self.process.pid is None:
            raise RuntimeError("a run that has not started cannot be cut")
        return self.process.pid

    def _current(self) -> str:
        try:
            return (self.folder / "current").read_text()
        except FileNotFoundError:
            return "before any test"


@dataclass(frozen=True, slots=True)
class Bench:
    """A copy of the tree and a folder for what a run says."""

    tree: Path
    folder: Path

    def take_away(self, wall: Wall) -> str:
        """Write the copy without *wall*, and give the text of its file as it was."""
        path = self.tree / wall.file
        text = path.read_text()
        path.write_text(wall.edit.applied(text))
        # Two edits within a second can have one size: only a missing cache is never stale.
        for cached in path.parent.glob(f"__pycache__/{path.stem}.*"):
            cached.unlink()
        return text

    def put_back(self, wall: Wall, text: str) -> None:
        """Write the file of *wall* as it was."""
        (self.tree / wall.file).write_text(text)

    def start(self, stages: Stages, *plugins: object) -> Run:
        """Start tests in this copy."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        process = _FORK.Process(target=run_tests, args=(self.tree, stages, self.folder, *plugins))
        process.start()
        return Run(process, self.folder, time.time())
