"""Tries every wall: healthy first, then without one wall at a time, several copies at once."""

from __future__ import annotations

import importlib
import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path

from tools.sabotage.bench import Bench, Run, copy_tree
from tools.sabotage.child import Chosen, Report, Trails
from tools.sabotage.selection import Stages, Tests
from tools.sabotage.walls import Wall

LEAST_PATIENCE = 60.0
"""Seconds for a single test, however quick it is on a healthy tree."""

GENEROUS = 10
"""A test hangs when it takes this many times as long as the slowest healthy one."""


class NotHealthy(Exception):
    """The tests are red although no wall is missing; the message is what they printed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about one wall."""

    wall: Wall
    red: str | None
    """The first red test; None where the wall can go without anybody noticing."""


@dataclass(frozen=True, slots=True)
class Health:
    """How the tests run on a tree that lacks nothing."""

    seconds: dict[str, float]
    """How long the tests of each file take."""

    patience: float
    """Seconds after which a single test counts as hanging."""

    tests_by_function: dict[str, frozenset[str]]
    """Which tests go through a function, by `function_name`."""


class Campaign:
    """The copies of one tree, in a folder of their own."""

    def __init__(self, root: Path, folder: Path, jobs: int) -> None:
        self._benches = [Bench(folder / f"tree{n}", folder / f"run{n}") for n in range(jobs)]
        self.tree = self._benches[0].tree
        """What is tried: whoever goes on editing *root* meanwhile disturbs nothing."""

        copy_tree(root, self.tree)
        self.tests = Tests(self.tree)

    def prepare(self, stages: Stages) -> None:
        """
        Load once what all runs need, and make the other copies, byte code included.

        Raises:
            NotHealthy: the tests do not even load.
        """
        first, *others = self._benches
        for name in self._healthy(stages, Chosen(frozenset())).modules:
            # What cannot be imported by itself was made by its importer; a fork makes it again.
            with suppress(Exception), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module(name)
        for bench in others:
            shutil.copytree(first.tree, bench.tree, symlinks=True)

    def measure(self, stages: Stages) -> Health:
        """
        Run *stages* on the healthy tree, as walls are tried.

        Raises:
            NotHealthy: a test is red without any sabotage.
        """
        report = self._healthy(stages, Trails(str(self.tree)))
        tests: dict[str, set[str]] = {}
        for test, functions in report.trails.items():
            for function in functions:
                tests.setdefault(function, set()).add(test)
        return Health(
            report.seconds,
            max(LEAST_PATIENCE, GENEROUS * report.slowest),
            {function: frozenset(names) for function, names in tests.items()},
        )

    def _healthy(self, stages: Stages, *plugins: object) -> Report:
        run = self._benches[0].start(stages, *plugins)
        run.process.join()
        report = run.report()
        if report.red is not None:
            raise NotHealthy(f"{report.red}\n{run.log}")
        return report

    def try_walls(
        self, walls: Sequence[Wall], stages_of: Callable[[Wall], Stages], patience: float
    ) -> Iterator[Verdict]:
        """Give what becomes of the tests without each of *walls*, as it is known."""
        waiting, free = list(reversed(walls)), list(self._benches)
        under_way: dict[int, tuple[Run, Bench, Wall, str]] = {}
        while waiting or under_way:
            while waiting and free:
                bench, wall = free.pop(), waiting.pop()
                text = bench.take_away(wall)
                run = bench.start(stages_of(wall))
                under_way[run.process.sentinel] = (run, bench, wall, text)
            rest = min(run.wait_below(patience) for run, *_ in under_way.values())
            connection.wait(list(under_way), timeout=max(rest, 0.1))
            for sentinel, (run, bench, wall, text) in list(under_way.items()):
                if run.process.is_alive() and run.wait_below(patience) > 0:
                    continue
                report = run.cut() if run.process.is_alive() else run.report()
                run.process.join()
                bench.put_back(wall, text)
                free.append(bench)
                del under_way[sentinel]
                yield Verdict(wall, report.red)
