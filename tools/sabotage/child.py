"""What runs in a process of its own: the tests of one tree, until the first red one."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import CodeType, FrameType

import pytest

from tools.sabotage.selection import Stages

OURS = ("authz", "examples", "tests", "tools")
"""Packages that have to come from the tree under test, so they are loaded anew."""

FEW = "few"
"""The profile of the laws: few examples, always the same ones."""


_OPTIONS = ("-x", "-W", "ignore::pytest.PytestAssertRewriteWarning", "--rootdir")
"""Plugins of pytest are loaded before the fork, and their own asserts need no rewriting."""


_GREEN = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the tests of a tree."""

    red: str | None
    """The first red test; None where all were green."""

    seconds: dict[str, float]
    """How long the tests of each file took."""

    slowest: float
    """Seconds of the slowest single test."""

    trails: dict[str, list[str]]
    """By test, the functions that it went through; empty unless it was followed."""

    modules: list[str]
    """What was imported beside our own packages."""

    @classmethod
    def read(cls, path: Path) -> Report:
        """Read what a child wrote."""
        said = json.loads(path.read_text())
        return cls(**said)

    @classmethod
    def of_an_end(cls, red: str) -> Report:
        """Give what is known of tests whose process did not come to write a report."""
        return cls(red, {}, 0.0, {}, [])


@dataclass(slots=True, eq=False)
class Watch:
    """Follows a run as a plugin of pytest."""

    current: Path
    """Where the name of the test under way is written, for whoever has to cut it off."""

    red: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    slowest: float = 0.0
    _started: float = 0.0

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say which test begins."""
        self._started = time.monotonic()
        self.current.write_text(nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Note how long it took."""
        took = time.monotonic() - self._started
        file = nodeid.partition("::")[0]
        self.seconds[file] = self.seconds.get(file, 0.0) + took
        self.slowest = max(self.slowest, took)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the first red test."""
        if report.failed and self.red is None:
            self.red = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that does not load."""
        if report.failed and self.red is None:
            self.red = f"{report.nodeid} (does not load)"


@dataclass(slots=True, eq=False)
class Chosen:
    """Leaves out the tests that do not come near a wall, as a plugin of pytest."""

    tests: frozenset[str]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep what was chosen."""
        items[:] = [item for item in items if item.nodeid in self.tests]


@dataclass(slots=True, eq=False)
class Trails:
    """Follows each test through the functions of the gate, as a plugin of pytest."""

    tree: str
    by_test: dict[str, set[int]] = field(default_factory=dict)
    _codes: dict[int, CodeType] = field(default_factory=dict)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Follow a test, its fixtures included."""
        passed, codes = self.by_test.setdefault(nodeid, set()), self._codes

        def note(frame: FrameType, _event: str, _arg: object) -> None:
            code = frame.f_code
            passed.add(id(code))
            codes[id(code)] = code

        sys.settrace(note)

    def pytest_runtest_logfinish(self) -> None:
        """Let it go."""
        sys.settrace(None)

    def names(self) -> dict[str, list[str]]:
        """Give, by test, the functions of the tree, as `function_name` writes them."""
        prefix = f"{self.tree}/"
        known = {
            number: function_name(code.co_filename.removeprefix(prefix), code.co_qualname)
            for number, code in self._codes.items()
            if code.co_filename.startswith(prefix)
        }
        return {
            test: sorted({known[number] for number in passed & known.keys()})
            for test, passed in self.by_test.items()
        }


def function_name(file: str, qualified: str) -> str:
    """Name a function of a file; what it defines inside itself counts as a part of it."""
    return f"{file} {qualified.partition('.<locals>')[0]}"


def run_tests(tree: Path, stages: Stages, folder: Path, *plugins: object) -> None:
    """
    Run *stages* in *tree*, write `report.json` into *folder*, and end the process.

    To be called in a fresh fork: it changes what a process has only once.
    """
    os.setsid()
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    _move_to(tree)
    watch = Watch(folder / "current")
    for files, tests in stages:
        chosen = [] if tests is None else [Chosen(tests)]
        code = pytest.main([*_OPTIONS, str(tree), *files], plugins=[watch, *plugins, *chosen])
        if code not in _GREEN:
            watch.red = watch.red or f"{files[0]} (ends with {code!r})"
            break
    _check_origin(tree)
    trails = [plugin.names() for plugin in plugins if isinstance(plugin, Trails)]
    said = Report(
        red=watch.red,
        seconds=watch.seconds,
        slowest=watch.slowest,
        trails=trails[0] if trails else {},
        modules=[name for name in sys.modules if name.partition(".")[0] not in OURS],
    )
    (folder / "report.json").write_text(json.dumps(asdict(said)))
    sys.stdout.flush()
    os._exit(0)


def _move_to(tree: Path) -> None:
    """Make *tree* the only place that our own packages come from, here and in children."""
    home = str(Path(__file__).parent.parent.parent)
    sys.path[:] = [str(tree), *(path for path in sys.path if path not in ("", home))]
    for name in list(sys.modules):
        if name.partition(".")[0] in OURS:
            del sys.modules[name]
    os.chdir(tree)
    os.environ |= {"PYTHONPATH": str(tree), "NARROWGATE_LAWS": FEW}


def _check_origin(tree: Path) -> None:
    """Check that the tests looked at *tree*, and not at an installed copy."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.partition(".")[0] in OURS and file and not Path(file).is_relative_to(tree):
            raise RuntimeError(f"{name} was loaded from {file}")
