"""Prometheus's own engine, built from its Go module into a small program beside this file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tools.proto import ROOT

SOURCE = Path(__file__).parent / "promql"
PROGRAM = ROOT / ".promql" / "promql"


class NoEngine(Exception):
    """It cannot be built; the message says what is missing, in one sentence."""


class Scrape(NamedTuple):
    """What was shown at one moment."""

    at: float
    """Seconds since 1970."""

    job: str
    text: str


class Expression(NamedTuple):
    """What is asked, under a name for people."""

    name: str
    expr: str


class Answer(NamedTuple):
    """How many series an expression, or a part of it, gives."""

    name: str
    expr: str
    series: int
    error: str


def build() -> None:
    """
    Build the program, unless it is newer than its source.

    Raises:
        NoEngine: there is no Go, or it does not build.
    """
    newest = max(each.stat().st_mtime for each in SOURCE.iterdir())
    if PROGRAM.exists() and PROGRAM.stat().st_mtime >= newest:
        return
    go = shutil.which("go")
    if go is None:
        raise NoEngine("Go is missing (https://go.dev): it builds the engine that asks PromQL")
    print("building Prometheus's engine; the first time it takes minutes", file=sys.stderr)
    PROGRAM.parent.mkdir(exist_ok=True)
    done = subprocess.run(
        [go, "build", "-trimpath", "-ldflags=-s -w", "-o", str(PROGRAM), "."],
        cwd=SOURCE,
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NoEngine(f"Go does not build the engine that asks PromQL: {done.stderr[-1000:]}")


def rule_mistakes(file: Path) -> str:
    """Give what is wrong with a rule file; nothing where it is sound."""
    command = [str(PROGRAM), "rules", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def ask(
    scrapes: Sequence[Scrape], whole: Iterable[Expression], parts: Iterable[Expression] = ()
) -> list[Answer]:
    """
    Ask at the moment of the last scrape.

    Args:
        scrapes: In the order of their time.
        whole: Asked as they stand.
        parts: Asked for what they compare, each side of each comparison by itself.
    """
    asked = [(each, False) for each in whole] + [(each, True) for each in parts]
    questions = {
        "Scrapes": [{"At": int(at * 1000), "Job": job, "Text": text} for at, job, text in scrapes],
        "Expressions": [
            {"Name": each.name, "Expr": each.expr, "Parts": in_parts} for each, in_parts in asked
        ],
    }
    done = subprocess.run(
        [str(PROGRAM), "ask"],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        check=True,
    )
    return [Answer(**row) for row in json.loads(done.stdout)]
