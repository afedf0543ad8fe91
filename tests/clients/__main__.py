"""`python -m tests.clients [--renew]`: try every client in every shape of refusal.

The exit code is not 0 where a session is dead that must live, where a refused
request reached the upstream, and where `docs/clients.md` says otherwise.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.clients.conversation import Outcome, try_out
from tests.clients.installed import CLIENTS
from tests.clients.shapes import SHAPES, Kept, Read
from tests.clients.table import FILE, cell, column, read, renewed

WIDE_COLUMNS = 200
Tried = dict[tuple[str, str], Outcome]


def main() -> int:
    """Try them all, and show it."""
    parser = argparse.ArgumentParser(prog="python -m tests.clients", description=__doc__)
    parser.add_argument("--renew", action="store_true", help="write the table of docs/clients.md")
    renew: bool = parser.parse_args().renew
    tried: Tried = {}
    for client in CLIENTS:
        print(f"{column(client)} …", flush=True)
        with tempfile.TemporaryDirectory(prefix="clients-") as folder:
            outcomes = try_out(client, SHAPES, Path(folder))
        tried |= {(title, column(client)): outcome for title, outcome in outcomes.items()}
    show(tried)
    wrong = [
        f"{name}: {shape}: {what}"
        for (shape, name), outcome in tried.items()
        for what in outcome.wrong
    ]
    cells = {where: cell(outcome) for where, outcome in tried.items()}
    if renew:
        FILE.write_text(renewed(FILE.read_text(), cells))
    elif read(FILE.read_text()) != cells:
        wrong += [*differences(cells), "docs/clients.md says otherwise: `make clients RENEW=1`"]
    print("\n".join(wrong) if wrong else summary(tried))
    return 1 if wrong else 0


def show(tried: Tried) -> None:
    """Print the outcomes, a shape a row."""
    console = Console(width=None if sys.stdout.isatty() else WIDE_COLUMNS)
    names = [column(client).replace("`", "") for client in CLIENTS]
    for kept in Kept:
        table = Table("refused", *names, title=f"Sessions after it: {kept}")
        for shape in SHAPES:
            if shape.kept is kept:
                outcomes = [tried[shape.title, column(client)] for client in CLIENTS]
                table.add_row(shape.title, *(cell(each).replace("**", "") for each in outcomes))
        console.print(table)


def differences(cells: dict[tuple[str, str], str]) -> list[str]:
    """Tell where the table of the docs says otherwise."""
    said = read(FILE.read_text())
    return [
        f"{name}: {shape}: {cells.get((shape, name))}, and in the docs {said.get((shape, name))}"
        for shape, name in sorted(cells.keys() | said.keys())
        if cells.get((shape, name)) != said.get((shape, name))
    ]


def summary(tried: Tried) -> str:
    """Count what went well."""
    kept = {shape.title for shape in SHAPES if shape.kept is Kept.ALIVE}
    refused = {where: each for where, each in tried.items() if each.read is not Read.NOT_SENT}
    alive = [title for title, _ in refused if title in kept]
    return f"{len(refused)} refusals; after {len(alive)} of them a session had to live on, and did"


if __name__ == "__main__":
    sys.exit(main())
