"""What a second worker adds: recorded Checks decided in two processes at once, and in one."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.own.subject import Setting
from bench.own.tables import Cell, Table
from bench.own.worlds import Size, write_world

ROUNDS = 6
SECONDS = 2.0
LEAST = 0.9
"""Of N times the throughput of one: what design asks of N workers."""

NOTE = f"""Each process has one core and its own world; all write whole lines into one record file.
There is no load generator and no transport: on a machine with two cores nothing would be left
for them. Target: N workers give at least {LEAST} N × one. Of the clock: what others do on the
machine counts too. Of CPU: it does not, so this shows what they do to each other alone."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What one process did in one round."""

    a_second: float
    a_cpu_second: float


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that decides when told to."""

    process: subprocess.Popen[str]

    def wait_ready(self) -> None:
        """Wait until its world is warm."""
        if self._heard() != "ready\n":
            raise RuntimeError("a worker ended; what it says is above")

    def begin(self, seconds: float) -> None:
        """Let it decide for so long."""
        assert self.process.stdin is not None
        print(seconds, file=self.process.stdin, flush=True)

    def end(self) -> Decided:
        """Wait until it has, and hear what it did."""
        decided, cpu, clock = map(float, self._heard().split())
        return Decided(decided / clock, decided / cpu)

    def _heard(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


def run(setting: Setting) -> Sequence[Table]:
    """Compare each core alone with all of them at once, in turn."""
    home = write_world(setting.folder / "home", Size())
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as opened:
        workers = [opened.enter_context(_working(home, core)) for core in cores]
        for each in workers:
            each.wait_ready()
        setting.say(f"{len(cores)} processes, one a core, alone and at once")
        rounds = [_round(workers) for _ in range(setting.rounds(ROUNDS))]
    return [_table(cores, rounds)]


def _round(workers: Sequence[Worker]) -> tuple[list[Decided], list[Decided]]:
    """Give what each did alone, and what each did while all others worked too."""
    alone: list[Decided] = []
    for each in workers:
        each.begin(SECONDS)
        alone.append(each.end())
    for each in workers:
        each.begin(SECONDS)
    return alone, [each.end() for each in workers]


def _table(cores: Sequence[int], rounds: Sequence[tuple[list[Decided], list[Decided]]]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for measure, name in (("a_second", "of the clock"), ("a_cpu_second", "of CPU")):
        one = statistics.median(
            statistics.mean(getattr(each, measure) for each in alone) for alone, _ in rounds
        )
        gains = [
            sum(getattr(each, measure) for each in together)
            / statistics.mean(getattr(each, measure) for each in alone)
            for alone, together in rounds
        ]
        low, median, high = statistics.quantiles(gains, n=4, method="inclusive")
        rows.append((f"a second {name}", one, one * median, median, low, high))
    columns = (
        f"decisions ({len(cores)} cores)",
        "one process",
        f"{len(cores)} at once",
        "gain, ×",
        "1st quartile",
        "3rd quartile",
    )
    return Table("What workers add, without a generator beside them", columns, rows, [NOTE])


@contextmanager
def _working(home: Path, core: int) -> Iterator[Worker]:
    command = [sys.executable, "-m", "bench.own.replaying", str(home), str(core)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Worker(process)
        finally:
            process.kill()
