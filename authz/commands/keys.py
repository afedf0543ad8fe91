"""`authz keys`: the keys that we sign with, and changing them without a gap."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from authz.commands.options import Form, Home
from authz.commands.report import Format, Sources, console, pretty
from authz.directory.diagnostics import InvalidWorld
from authz.model.instant import EARLIEST, LATEST, Instant, as_datetime
from authz.settings import Exit
from authz.sources.declared import read_documents
from authz.tokens.rotation import Rotation, replace_compromised
from authz.tokens.rotation import rotate as rotate_keys
from authz.tokens.schedule import Schedule, State, Turn
from authz.tokens.signing_keys import KeysUnusable, open_key_ring, read_key_ring

keys = typer.Typer(
    help="Look at our signing keys, and change them.", no_args_is_help=True, rich_markup_mode=None
)

ROTATE_EXAMPLES = """\
Publish, wait, sign, wait, retire: a new key is published at once, signs after some
minutes, when nobody's copy of the key set lacks it, and the one before it is published
until its last token has ended. Running gates follow by themselves, all that share the
folder alike. Where a new key waits already nothing is done, so this may be run twice,
and on two replicas. Keys that have been retired are removed.

\b
Examples:

\b
  authz keys rotate /etc/narrowgate
  authz keys rotate /etc/narrowgate --compromised

\b
Exit codes: 0 done, 1 internal error, 2 usage, 3 the directory does not load,
4 the folder of keys cannot be used.
"""

FIRST_EXAMPLES = """\
`authz serve` does the same at its first start. This is for a folder that is read-only where the
gate runs, such as a Kubernetes Secret. Where there is a key nothing is done.

\b
Examples:

\b
  authz keys first ./world

\b
Exit codes: as of `authz keys rotate`.
"""

LIST_EXAMPLES = """\
Examples:

\b
  authz keys list /etc/narrowgate
  authz keys list ./world --format json

\b
States: waiting (published, signs later), signing, verifying (published until its
last token has ended), retired. JSON is a list of {id, state, signsFrom, retiredFrom};
null is since ever, or no end in sight. Exit codes as of `authz keys rotate`.
"""


def rotate(
    home: Home = Path(),
    compromised: Annotated[  # noqa: FBT002 - so typer declares a flag
        bool,
        typer.Option(
            "--compromised",
            help="Sign with a new key at once and remove all others: their tokens end now, and"
            " whoever keeps our key set refuses new ones for up to a minute.",
        ),
    ] = False,
) -> None:
    """Make the key that signs next."""
    folder, now = _folder(home), _now()
    try:
        done = replace_compromised(folder, now) if compromised else rotate_keys(folder, now)
    except KeysUnusable as error:
        raise _cannot(error) from None
    for line in _told(done, read_key_ring(folder).schedule, now):
        typer.echo(line)


def first(home: Home = Path()) -> None:
    """Make the first key, where there is none."""
    try:
        ring = open_key_ring(_folder(home))
    except KeysUnusable as error:
        raise _cannot(error) from None
    typer.echo(f"{ring.schedule.signing(_now())} signs")


def list_keys(home: Home = Path(), form: Form = Format.PRETTY) -> None:
    """Show each signing key: its state, since when, until when."""
    try:
        schedule = read_key_ring(_folder(home)).schedule
    except KeysUnusable as error:
        raise _cannot(error) from None
    now = _now()
    rows = [(turn, schedule.state(turn, now)) for turn in schedule.turns]
    if form is Format.JSON:
        typer.echo(json.dumps([_as_json(turn, state) for turn, state in rows], indent=1))
        return
    table = Table("key", "state", "signs from", "retired from", box=None, pad_edge=False)
    for turn, state in rows:
        begin, end = _moment(turn.signs_from) or "ever", _moment(turn.retired_from) or "-"
        table.add_row(turn.key_id, state, begin, end)
    console().print(table)


def _told(done: Rotation, schedule: Schedule, now: Instant) -> list[str]:
    key_id, moment = done.next_key.key_id, _moment(done.next_key.signs_from)
    if done.next_key.signs_from <= now:
        first = f"{key_id} signs from now on"
    elif done.made:
        first = f"{key_id} is published now and signs from {moment}"
    else:
        first = f"nothing to do: {key_id} is published and signs from {moment}"
    replaced = [turn for turn in schedule.turns if turn.retired_from != LATEST]
    until = [f"{turn.key_id} is published until {_moment(turn.retired_from)}" for turn in replaced]
    return [first, *until, *(f"{each} is removed" for each in done.removed)]


def _as_json(turn: Turn, state: State) -> dict[str, str | None]:
    return {
        "id": turn.key_id,
        "state": str(state),
        "signsFrom": _moment(turn.signs_from),
        "retiredFrom": _moment(turn.retired_from),
    }


def _moment(instant: Instant) -> str | None:
    return None if instant in (EARLIEST, LATEST) else f"{as_datetime(instant):%Y-%m-%dT%H:%M:%SZ}"


def _folder(home: Path) -> Path:
    """Give the folder that the Gate names."""
    try:
        return home / read_documents(home).directory.gate.keys_folder
    except InvalidWorld as error:
        console().print(pretty(error.diagnostics, Sources(home)), soft_wrap=True)
        raise typer.Exit(Exit.INVALID_WORLD) from None


def _cannot(error: KeysUnusable) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(Exit.CANNOT_START)


def _now() -> Instant:
    return Instant(int(time.time()))


first.__doc__ = f"{first.__doc__}\n\n{FIRST_EXAMPLES}"
rotate.__doc__ = f"{rotate.__doc__}\n\n{ROTATE_EXAMPLES}"
list_keys.__doc__ = f"{list_keys.__doc__}\n\n{LIST_EXAMPLES}"
keys.command()(first)
keys.command()(rotate)
keys.command("list")(list_keys)
