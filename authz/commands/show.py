"""`authz directory show`: what is declared, as tables or one thing at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from authz.commands.formats.plain import shown
from authz.commands.options import Form, Home
from authz.commands.report import CheckFormat, Format, console, report
from authz.directory.compiled import Directory, TargetKind
from authz.directory.diagnostics import InvalidWorld, Severity, nearest
from authz.directory.overview import PROMPT, RESOURCE, ROUTE, TASKS, TOOL, Entry, overview
from authz.model.strict_json import JSON
from authz.policy.schema import argument_types
from authz.policy.shapes import compile_shape
from authz.sources.declared import read_documents, read_policies

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "Gate": ("issuer", "trustDomains", "listeners"),
    "Issuer": ("issuer", "groups", "scopes"),
    "Cell": ("owner", "maxScopes"),
    "Role": ("groups", "users", "scopes", "capped"),
    "Agent": ("lifecycle", "scopes", "capped", "calls"),
    "MCPServer": ("addresses", "callers", "notAccepted"),
    "HTTPService": ("addresses", "public", "callers", "notAccepted"),
    TOOL: ("action", "scopes", "callers", "quarantined"),
    PROMPT: ("scopes", "callers"),
    RESOURCE: ("uri", "scopes", "callers"),
    TASKS: ("scopes", "callers"),
    ROUTE: ("action", "scopes", "callers"),
}
"""What a table shows of each kind, in the order of the tables."""

PIPED_CELLS = 160
"""How wide tables are where there is no terminal that says it."""

NOTHING = "-"
NOTHING_LISTED = "no tools, only what keeps a session going"

EXAMPLES = """\
Examples:

\b
  authz directory show ./world
  authz directory show ./world research/assistant
  authz directory show ./world tools/docs/search --format json

\b
NAME is that of an agent, server, service, tool, prompt, resource, route, role, issuer or Cell.
Scopes are those that are left within the Cell; policies may still forbid.
Exit codes: 0 shown, 1 internal error, 2 usage (nothing has the name),
3 the directory does not load (its mistakes are shown).
JSON is a list of {kind, name, file, line, column, facts}.
"""


def show(
    home: Home = Path(),
    name: Annotated[
        str | None, typer.Argument(help="Show all about this; without it, a table for each kind.")
    ] = None,
    form: Form = Format.PRETTY,
) -> None:
    """Show who is declared, what may call what, and what a Cell cut away."""
    try:
        declared = read_documents(home)
    except InvalidWorld as error:
        diagnostics = error.diagnostics
        raise typer.Exit(report(diagnostics, home, CheckFormat(form), Severity.ERROR)) from None
    entries = [*overview(declared.directory, declared.documents, _quarantined(home))]
    chosen = [_typed(each, declared.directory) for each in entries if name in (None, each.name)]
    if name is not None and not chosen:
        hint = nearest(name, (each.name for each in entries))
        raise typer.BadParameter(f"nothing is declared as {name!r}{hint and f': {hint}'}")
    if form is Format.JSON:
        typer.echo(as_json(chosen))
        return
    output = console()
    output.width = output.width if output.is_terminal else PIPED_CELLS
    draw = print_tables if name is None else print_entries
    draw(chosen, output)


show.__doc__ = f"{show.__doc__}\n\n{EXAMPLES}"


def _quarantined(home: Path) -> Mapping[str, str]:
    """Give the tools that no policy lets anybody call; none is known where policies do not load."""
    try:
        _, policies, _ = read_policies(home)
    except InvalidWorld:
        return {}
    return policies.quarantined


def _typed(entry: Entry, directory: Directory) -> Entry:
    """Say of a tool's arguments how policies read them."""
    if entry.kind != TOOL:
        return entry
    target, _, name = entry.name.rpartition("/")
    shape = compile_shape(directory.targets[target].tools[name].input_schema)
    arguments: list[JSON] = [*argument_types(shape)]
    return replace(entry, facts={**entry.facts, "arguments": arguments})


def as_json(entries: Iterable[Entry]) -> str:
    """Write one JSON array, an entry a line, in plain ASCII."""
    rows = (
        {
            "kind": each.kind,
            "name": each.name,
            "file": each.place.file,
            "line": each.place.line,
            "column": each.place.column,
            "facts": each.facts,
        }
        for each in entries
    )
    lines = ",\n ".join(map(json.dumps, rows))
    return f"[{lines}]"


def print_tables(entries: Sequence[Entry], output: Console) -> None:
    """Print a table for each kind that there is."""
    for kind, facts in COLUMNS.items():
        rows = [each for each in entries if each.kind == kind]
        if rows:
            columns = [
                Column("name", no_wrap=True),
                *(Column(each, overflow="fold") for each in facts),
            ]
            title = f"{kind} ({len(rows)})"
            table = Table(*columns, title=title, title_justify="left", box=box.SIMPLE_HEAD)
            for row in rows:
                cells = (_cell(row.facts.get(fact), _brief, ", ") for fact in facts)
                table.add_row(Text(shown(row.name)), *cells)
            output.print(table)


def print_entries(entries: Iterable[Entry], output: Console) -> None:
    """Print everything about each entry."""
    for entry in entries:
        title = Text(shown(f"{entry.kind} {entry.name}"), "bold")
        output.print(title, Text(shown(str(entry.place)), "dim"))
        grid = Table.grid(padding=(0, 2))
        for fact, value in entry.facts.items():
            cell = _cell(value, _line, "\n" if _has_rows(value) else ", ")
            grid.add_row(Text(f"  {fact}", "dim"), cell)
        output.print(grid)


def _has_rows(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)


def _cell(value: Any, line: Callable[[Any], str], between: str) -> Text:
    values = value if isinstance(value, list) else [value]
    return Text(between.join(shown(line(each)) for each in values) or NOTHING)


def _brief(value: Any) -> str:
    """Write one fact for a table, where of a call the target is enough."""
    match value:
        case {"target": target, "accepted": True}:
            return str(target)
    return _line(value)


def _line(value: Any) -> str:
    """Write one fact, or one row of it, on a line."""
    match value:
        case None:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case {"target": target, "accepted": False}:
            return f"{target} (does not accept it)"
        case {"target": target, "kind": TargetKind.AGENT}:
            return f"{target} (an agent)"
        case {"target": target, "tools": tools, "others": others, "lacking": lacking}:
            named = [_offer(each, lacking) for each in (*tools, *others)]
            return f"{target}: {', '.join(named) or NOTHING_LISTED}"
        case {"agent": agent, "lifecycle": lifecycle, "lacks": lacks}:
            state = [lifecycle] * (lifecycle != "active") + [f"lacks {each}" for each in lacks]
            return f"{agent} ({', '.join(state)})" if state else str(agent)
        case {"by": by, "scopes": scopes}:
            return f"{', '.join(scopes)} (by {by})"
    return str(value)


def _offer(name: str, lacking: Mapping[str, Sequence[str]]) -> str:
    return f"{name} (lacks {', '.join(lacking[name])})" if name in lacking else name
