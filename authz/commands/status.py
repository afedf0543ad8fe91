"""`authz status`: how a running gate stands, for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from authz.commands.formats.plain import shown
from authz.commands.report import console
from authz.settings import STATUS_SOCKET, Exit

EXAMPLES = """\
It asks the gate that serves HOME, by a socket that only the gate's own user (and root)
can open; nothing is changed, and no secret is told.

\b
Examples:

\b
  authz status /etc/narrowgate
  authz status /etc/narrowgate --json
  authz status --socket /run/narrowgate/status.sock
  kubectl exec deploy/narrowgate -- authz status /etc/narrowgate

\b
Exit codes: 0 all is well, 1 internal error, 2 usage, 5 it serves but something wants
a look (each trouble is a line), 6 no gate is reached.
"""

Rows = Iterator[tuple[str, str]]


def status(
    home: Annotated[
        Path, typer.Argument(envvar="NARROWGATE_HOME", help="Folder that the gate serves.")
    ] = Path(),
    socket: Annotated[
        Path | None,
        typer.Option(
            metavar="SOCKET",
            envvar="NARROWGATE_STATUS",
            help="Where the gate was told to be asked; HOME/status.sock by default.",
        ),
    ] = None,
    as_json: Annotated[  # noqa: FBT002 - so typer declares a flag
        bool, typer.Option("--json", help="One JSON document for programs.")
    ] = False,
) -> None:
    """Show how a running gate stands."""
    told = _ask(socket or home / STATUS_SOCKET)
    if as_json:
        typer.echo(json.dumps(told, indent=1))
    else:
        _show(told)
    raise typer.Exit(Exit.OK if told["fine"] else Exit.DEGRADED)


def _ask(path: Path) -> dict[str, Any]:
    # Other commands do not wait for what serves.
    from authz.server.status_socket import ask  # noqa: PLC0415

    try:
        told = ask(path)
    except PermissionError:
        why = "only the user that the gate runs as may ask; run it as that user"
    except OSError as error:
        why = f"{error.strerror or error}; is `authz serve` running with this HOME?"
    except ValueError:
        why = "what answers there is no gate"
    else:
        if isinstance(told, dict) and "fine" in told:
            return told
        why = "what answers there is no gate"
    typer.echo(f"no gate is reached at {path}: {why}", err=True)
    raise typer.Exit(Exit.UNREACHABLE)


def _show(told: Mapping[str, Any]) -> None:
    """Show it to people. Mistakes quote files, so nothing is shown as it came."""
    screen = console()
    verdict = Text("fine", "bold green") if told["fine"] else Text("wants a look", "bold red")
    screen.print(Text.assemble(f"narrowgate {told['version']}: ", verdict))
    for trouble in told["troubles"]:
        screen.print(Text(shown(f"  - {trouble}"), "red"), soft_wrap=True)
    for process in told["processes"]:
        if len(told["processes"]) > 1:
            screen.print(f"\nworker {process['worker']}")
        table = Table(box=None, show_header=False, pad_edge=False)
        for name, value in _rows(process):
            table.add_row(Text(name, "bold"), Text(shown(value)))
        screen.print(table)
    answers = ", ".join(f"{count} {reason}" for reason, count in told["answers"].items())
    screen.print(f"\nanswers: {answers or 'none yet'}", soft_wrap=True, highlight=False)


def _rows(process: Mapping[str, Any]) -> Rows:
    yield "ready", "yes" if process["ready"] else "no"
    if "world" not in process:  # a worker that has said nothing yet
        return
    yield "world", f"{process['world']}, in force for {_for(process['age'])}"
    for part, row in process["failed"].items():
        for mistake in row["mistakes"]:
            yield f"{part} not loaded", f"since {row['since']}: {mistake['what']}"
        if row["more"]:
            yield "", f"and {row['more']} more"
    for key in process["keys"]:
        yield "key", f"{key['id']}: {key['state']}{_of_key(key)}"
    for issuer in process["issuers"]:
        yield "issuer", f"{issuer['name']}: {_of_issuer(issuer)}"
    records = process["records"]
    taken = "written" if records["taken"] else "NOT written"
    yield "records", f"{taken} ({records['level']}, {records['waiting']} waiting)"
    yield "in hand", f"{process['checks']['inHand']} of {process['checks']['places']} Checks"


def _of_key(key: Mapping[str, Any]) -> str:
    if key["age"] is None:
        return f", signs from {key['signsFrom']}" if key["signsFrom"] else ", since ever"
    return f" for {_for(key['age'])}"


def _of_issuer(issuer: Mapping[str, Any]) -> str:
    said = "answers" if issuer["answers"] else f"does not answer ({issuer['whyNot']})"
    if issuer["keys"] is None:
        return said
    return f"{said}, {issuer['keys']} keys usable for {_for(issuer['usableFor'])}"


def _for(seconds: int) -> str:
    """Give a time in its largest whole unit, but for one."""
    for size, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"


status.__doc__ = f"{status.__doc__}\n\n{EXAMPLES}"
