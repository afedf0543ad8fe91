"""A bounded run of the fuzzer over one parser, in a process of its own, and what came of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from tests.fuzz import parsers
from tests.fuzz.kept import folder_of, write_inputs
from tests.fuzz.limits import MAX_MEGABYTES
from tests.fuzz.notes import Notes

ROOT = Path(__file__).parents[2]
FOUND = ROOT / ".fuzz"
HANG_SECONDS = 30
"""Of the wall clock, after which libFuzzer takes an input for one that never ends."""

MERGE_SECONDS = 900
_EDGES = re.compile(r" cov: (\d+) ")
_EXECUTED = re.compile(r"stat::number_of_executed_units: *(\d+)")
_ADDED = re.compile(r"stat::new_units_added: *(\d+)")


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a run ends; whichever comes first."""

    runs: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one parser."""

    parser: str
    inputs: int
    added: int
    """Inputs that reached something new."""

    edges: int
    """Of the code that is instrumented."""

    seconds: float
    notes: Notes
    findings: tuple[Path, ...]
    """Inputs with which it ended before its bounds; one that left none behind has its log here."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A folder with everything that the fuzzer wants for a parser."""

    parser: str
    folder: Path

    @classmethod
    def set_up(cls, parser: str, folder: Path) -> Self:
        """Write seeds, words and a program that libFuzzer can run again."""
        harness = parsers.load(parser)
        write_inputs(harness.seeds(), folder / "seeds")
        (folder / "new").mkdir()
        (folder / "words").write_text("".join(map(_quoted, harness.WORDS)))
        bench = cls(parser, folder)
        command = f"'{sys.executable}' -m tests.fuzz.child \"$0\" '{bench.notes}' {parser}"
        bench.program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        bench.program.chmod(0o700)
        return bench

    @property
    def program(self) -> Path:
        """Runs the child, with libFuzzer's arguments."""
        return self.folder / "program"

    @property
    def notes(self) -> Path:
        """Where the child writes what it has seen."""
        return self.folder / "notes.json"

    @property
    def seeds(self) -> Path:
        """What the harness gives."""
        return self.folder / "seeds"

    @property
    def new(self) -> Path:
        """What the fuzzer adds."""
        return self.folder / "new"

    @property
    def log(self) -> Path:
        """What libFuzzer says."""
        return self.folder / "log"

    def run(self, arguments: Iterable[str | Path], limit: float) -> int:
        """Run the child and give its exit code; it is killed when *limit* seconds are over."""
        with self.log.open("wb") as log:
            return subprocess.run(
                [self.program, *arguments],
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=limit,
                check=False,
            ).returncode


def _quoted(word: bytes) -> str:
    """Write a word as libFuzzer's dictionaries have it."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n'


def fuzz(parser: str, bounds: Bounds, *, keep: bool) -> Result:
    """Run the fuzzer over *parser*; with *keep*, put what it found into the corpus."""
    found = FOUND / parser
    found.mkdir(parents=True, exist_ok=True)
    before = {*found.iterdir()}
    kept = folder_of(parser)
    kept.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="narrowgate-fuzz-") as folder:
        bench, started = Bench.set_up(parser, Path(folder)), time.monotonic()
        code = bench.run(
            [
                *(f"-runs={bounds.runs}", f"-max_total_time={bounds.seconds}"),
                *(f"-timeout={HANG_SECONDS}", f"-rss_limit_mb={MAX_MEGABYTES}"),
                *(f"-artifact_prefix={found}/", f"-dict={bench.folder / 'words'}"),
                *("-print_final_stats=1", "-reduce_inputs=1", bench.new, kept, bench.seeds),
            ],
            bounds.seconds + 10 * HANG_SECONDS,
        )
        seconds = time.monotonic() - started
        said = bench.log.read_text(errors="replace")
        if code:
            shutil.copy(bench.log, found / f"log-{int(time.time())}")
        elif keep:
            _keep(bench, kept)
        return Result(
            parser=parser,
            inputs=_number(_EXECUTED, said),
            added=_number(_ADDED, said),
            edges=_number(_EDGES, said),
            seconds=seconds,
            notes=Notes.read(bench.notes),
            findings=tuple(sorted({*found.iterdir()} - before)) if code else (),
        )


def _number(pattern: re.Pattern[str], said: str) -> int:
    """Give the last number that *pattern* finds."""
    return int(["0", *pattern.findall(said)][-1])


def _keep(bench: Bench, kept: Path) -> None:
    """Keep the least that reaches what all inputs together reach, without the seeds."""
    whole = bench.folder / "whole"
    shutil.copytree(bench.seeds, whole)
    if bench.run(["-merge=1", whole, kept, bench.new], MERGE_SECONDS):
        raise RuntimeError(f"the inputs were not merged: {bench.log.read_text()[-1000:]}")
    shutil.rmtree(kept)
    write_inputs(_without(whole, bench.seeds), kept)


def _without(folder: Path, others: Path) -> Sequence[bytes]:
    known = {path.name for path in others.iterdir()}
    return [path.read_bytes() for path in sorted(folder.iterdir()) if path.name not in known]
