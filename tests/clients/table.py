"""The outcomes as the table of `docs/clients.md`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.clients.conversation import Outcome
from tests.clients.installed import CLIENTS, Client
from tests.clients.shapes import SHAPES, Kept, Shape
from tests.support.cases import answers

FILE = Path(__file__).parent.parent.parent / "docs" / "clients.md"
DEAD = "**dead**"
UNAVAILABLE = 503

Cell = tuple[str, str]
"""Titles of a shape and of a column."""

_BLOCK = re.compile(r"(<!-- BEGIN (?P<kept>[a-z ]+) -->\n)(?P<rows>.*?)(<!-- END -->)", re.DOTALL)


def column(client: Client) -> str:
    """Head the column of *client*."""
    return f"`{client.title}` {client.version}"


def cell(outcome: Outcome) -> str:
    """Say in a word what was read, and whether the session is dead."""
    return outcome.read.value if outcome.is_alive else f"{outcome.read}, {DEAD}"


def answered(shape: Shape) -> str:
    """Say how the gate answers *shape*."""
    if shape.answer is None:
        return str(UNAVAILABLE)
    answer = answers()[shape.answer]
    kind = next((name for name in ("result", "error") if name in (answer["body"] or ())), "empty")
    return f"{answer['status']} {kind}"


def renewed(text: str, cells: Mapping[Cell, str]) -> str:
    """Write *cells* into the marked blocks of *text*; what was not tried stays as it is."""
    known = {**read(text), **cells}

    def filled(block: re.Match[str]) -> str:
        rows = "".join(f"{row}\n" for row in _rows(Kept(block["kept"]), known))
        return f"{block[1]}{rows}{block[4]}"

    return _BLOCK.sub(filled, text)


def _rows(kept: Kept, cells: Mapping[Cell, str]) -> Iterator[str]:
    columns = [column(client) for client in CLIENTS]
    yield f"| refused | answer | {' | '.join(columns)} |"
    yield "|---" * (len(columns) + 2) + "|"
    for shape in SHAPES:
        if shape.kept is kept:
            read = [cells.get((shape.title, name), "?") for name in columns]
            yield f"| {shape.title} | {answered(shape)} | {' | '.join(read)} |"


def read(text: str) -> dict[Cell, str]:
    """Give the cells of the marked blocks of *text*."""
    cells: dict[Cell, str] = {}
    for block in _BLOCK.finditer(text):
        lines = block["rows"].splitlines() or [""]
        head, *rows = [[part.strip() for part in line.strip("| ").split(" | ")] for line in lines]
        for title, _answer, *row in rows[1:]:
            cells |= {(title, name): said for name, said in zip(head[2:], row, strict=True)}
    return cells
