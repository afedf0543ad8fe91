"""Figures as tables: on a terminal, as Markdown and as JSON, with what they were measured on."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

import authz

FOLDER = Path(__file__).parent.parent / "results"
PACKAGES = ("cedarpy", "cryptography", "grpcio", "orjson", "protobuf", "pyjwt", "pyyaml")

Cell = str | float | None
"""A figure, a name, or nothing."""


@dataclass(frozen=True, slots=True)
class Table:
    """Figures of one kind."""

    title: str
    columns: tuple[str, ...]
    """The first is the name of a row; each says its unit."""

    rows: Sequence[tuple[Cell, ...]]
    notes: Sequence[str] = field(default=())
    """What has to be known to read them."""


def machine() -> dict[str, object]:
    """Say what figures of here depend on."""
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "narrowgate": authz.__version__,
        "python": platform.python_version(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load": [round(each, 1) for each in os.getloadavg()],
        "packages": {name: version(name) for name in PACKAGES},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def show(table: Table, console: Console) -> None:
    """Print *table*."""
    shown = RichTable(title=table.title, title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0))
    for at, name in enumerate(table.columns):
        shown.add_column(name, justify="right" if at else "left")
    for row in table.rows:
        shown.add_row(*map(text_of, row))
    console.print(shown)
    for note in table.notes:
        console.print(note, markup=False, highlight=False)


def keep(subject: str, tables: Sequence[Table], before: dict[str, object]) -> None:
    """Write *tables* of *subject* below `bench/results`; *before* says the load at the start."""
    FOLDER.mkdir(exist_ok=True)
    told = {"subject": subject, **before, "tables": [asdict(each) for each in tables]}
    (FOLDER / f"own-{subject}.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    parts = [f"# {subject}", _told_in_words(before), *map(_markdown, tables)]
    (FOLDER / f"own-{subject}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _told_in_words(before: dict[str, object]) -> str:
    packages = before["packages"]
    assert isinstance(packages, dict)
    named = ", ".join(f"{name} {number}" for name, number in packages.items())
    return (
        f"Measured {before['measured']} with narrowgate {before['narrowgate']}, "
        f"Python {before['python']}, {named}; on {before['cores']} cores of "
        f"{before['processor']}, with a load of {before['load']} at the start."
    )


def _markdown(table: Table) -> str:
    rule = ["---", *("---:" for _ in table.columns[1:])]
    rows = [table.columns, rule, *(map(text_of, row) for row in table.rows)]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return "\n\n".join([f"## {table.title}", lines, *table.notes])


def text_of(cell: Cell) -> str:
    """Write a figure with three digits that count."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if abs(cell) >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.2f}"
