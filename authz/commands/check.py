"""`authz check`: decide off line, and say why."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from authz.commands.check_view import view
from authz.commands.formats.plain import shown
from authz.commands.options import Form, Home
from authz.commands.replay import NoDecision, Replay, read_log, replay
from authz.commands.report import CheckFormat, Format, console, report
from authz.directory.diagnostics import InvalidWorld, Severity
from authz.identity.keys import KeySet
from authz.model.instant import Instant
from authz.model.strict_json import JSON, AmbiguousJSON, NotJSON, read_json
from authz.settings import Exit
from authz.sources.declared import read_policies
from authz.trial.report import report_of
from authz.trial.request import read_request, told_from
from authz.trial.run import Trial, run
from authz.trial.stated import Setting
from authz.trial.told import Untellable, state
from authz.world import World

EXAMPLES = """\
Examples:

\b
  authz check ./world --user corp/alice --group corp/researchers \\
    --agent research/research-agent --tool tools/docs/search --args '{"query": "x"}'
  authz check ./world --agent research/research-agent --session tools/docs
  authz check ./world --agent research/research-agent \\
    --resource tools/docs/docs://pages/tides --user corp/alice --group corp/researchers
  authz check ./world --agent research/research-agent --route "tools/search-api/GET /items/7"
  authz check ./world --request call.json
  authz check ./world --decision 5f0c…   (from the log that the Gate names)
  authz check ./world --decisions decisions.jsonl   (all of a log)

\b
A request is JSON with the members agent, tool, prompt, resource, route or session,
args, user, groups, scopes, level, via, address and headers; "-" reads it from standard input.
Nobody proves anything here: whoever is named is taken at their word. Values of
arguments are shown only where the tool's `record` opens them.
Exit codes: 0 decided, 1 internal error, 2 usage, 3 the world does not load,
4 a recorded decision would now be another, or cannot be made again (of a log: none can).
"""
DIFFERENT = 4
STANDARD_INPUT = "-"
MAX_REQUEST_BYTES = 4 * 1024 * 1024


def check(  # noqa: PLR0913, PLR0917 - one an option
    home: Home = Path(),
    agent: Annotated[str, typer.Option(help="Who asks: namespace/name.")] = "",
    tool: Annotated[str, typer.Option(help="namespace/server/tool.")] = "",
    prompt: Annotated[str, typer.Option(help="namespace/server/prompt.")] = "",
    resource: Annotated[str, typer.Option(help="namespace/server/URI.")] = "",
    route: Annotated[str, typer.Option(help="namespace/service/METHOD /path, quoted.")] = "",
    session: Annotated[str, typer.Option(help="A target, for what keeps a session going.")] = "",
    args: Annotated[str, typer.Option(help="Of the tool or prompt, as JSON.")] = "{}",
    user: Annotated[str | None, typer.Option(help="For whom: issuer/sub.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="Of the user: issuer/group.")] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="That the credential carries; all, if none is told."),
    ] = None,
    level: Annotated[
        int, typer.Option(help="Of the login, which is fresh; 2: several factors.")
    ] = 0,
    via: Annotated[
        list[str] | None, typer.Option(help="An agent that it came through, the latest first.")
    ] = None,
    address: Annotated[str, typer.Option(help="The caller's IP address.")] = "",
    now: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z"], help="The moment that it is decided at; now."
        ),
    ] = None,
    request: Annotated[str, typer.Option(help="A file that tells it all instead.")] = "",
    decision: Annotated[str, typer.Option(help="The id of a recorded decision.")] = "",
    decisions: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A decision log; all of it without an id."),
    ] = None,
    form: Form = Format.PRETTY,
    as_json: Annotated[  # noqa: FBT002 - so typer declares a flag
        bool, typer.Option("--json", help="The same as --format json.")
    ] = False,
) -> None:
    """Decide off line: the verdict, why, and what would turn it."""
    form = Format.JSON if as_json else form
    world = _world(home)
    directory = world.directory
    if decision or decisions:
        try:
            log = read_log(decisions or home / directory.gate.records_file, decision)
        except NoDecision as error:
            raise typer.BadParameter(str(error)) from None
        if decision:
            raise typer.Exit(_show_one(replay(log.records[-1], world), form))
        replays = [replay(record, world) for record in log.records]
        raise typer.Exit(_show_all(replays, log.torn, form))
    moment = Instant(int(now.timestamp() if now else time.time()))
    members = {
        "agent": agent,
        "tool": tool,
        "prompt": prompt,
        "resource": resource,
        "route": route,
        "session": session,
        "args": _arguments(args),
        "user": user,
        "groups": group,
        "scopes": scope,
        "level": level,
        "via": via,
        "address": address,
    }
    try:
        told = read_request(_bytes_of(request)) if request else told_from(members)
        stated = state(told, directory, moment)
    except Untellable as error:
        raise typer.BadParameter(str(error)) from None
    _show(run(Setting(stated, world)), form)


def _world(home: Path) -> World:
    """Give the world of *home* without any keys: nothing is proven or signed."""
    try:
        directory, policies, _ = read_policies(home)
    except InvalidWorld as error:
        diagnostics = error.diagnostics
        raise typer.Exit(report(diagnostics, home, CheckFormat.PRETTY, Severity.ERROR)) from None
    return World("", directory, policies, {}, KeySet(()))


def _arguments(text: str) -> dict[str, JSON]:
    try:
        arguments = read_json(text.encode("utf-8", "surrogateescape"))
    except (NotJSON, AmbiguousJSON) as error:
        raise typer.BadParameter(f"--args: {error}") from None
    if not isinstance(arguments, dict):
        raise typer.BadParameter("--args: expected a JSON object")
    return arguments


def _bytes_of(request: str) -> bytes:
    if request == STANDARD_INPUT:
        return sys.stdin.buffer.read(MAX_REQUEST_BYTES)
    try:
        with Path(request).open("rb") as file:
            return file.read(MAX_REQUEST_BYTES)
    except OSError as error:
        raise typer.BadParameter(f"{request} cannot be read: {error.strerror}") from None


def _show(trial: Trial, form: Format) -> None:
    if form is Format.JSON:
        typer.echo(json.dumps(report_of(trial), indent=1))
    else:
        console().print(view(trial), soft_wrap=True)


def _show_one(again: Replay, form: Format) -> int:
    """Show a recorded decision in full, and whether it would be the same now."""
    if form is Format.JSON:
        typer.echo(json.dumps(_row(again) | {"trial": again.trial and report_of(again.trial)}))
    else:
        if again.trial is not None:
            console().print(view(again.trial), "", sep="\n", soft_wrap=True)
        console().print(shown(_line(again)), soft_wrap=True)
    return DIFFERENT if again.differs or again.missing else Exit.OK


def _show_all(replays: list[Replay], torn: int, form: Format) -> int:
    """Show a line for each record, then how many are as recorded; *torn* lines were none."""
    if form is Format.JSON:
        typer.echo(json.dumps([_row(each) for each in replays], indent=1))
    else:
        for each in replays:
            console().print(shown(_line(each)), soft_wrap=True)
            for change in each.trial.changes if each.trial else ():
                console().print(shown(f"  {change}"), soft_wrap=True)
    counts = Counter(str(_row(each)["again"]) for each in replays)
    told = [f"{count} {what}" for what, count in counts.items()]
    if torn:
        told.append(f"{torn} {'line that is' if torn == 1 else 'lines that are'} no record")
    # What programs read stays one document.
    typer.echo(", ".join(told), err=form is Format.JSON)
    if any(each.differs for each in replays) or all(each.missing for each in replays):
        return DIFFERENT
    return Exit.OK


def _line(again: Replay) -> str:
    record = again.record
    said = f"{record.get('verdict')} {record.get('reason')}, step {record.get('step')}"
    return f"{record.get('decision')}  {said}: {again}"


def _row(again: Replay) -> dict[str, object]:
    what = "otherwise" if again.differs else "not made again" if again.missing else "the same"
    return {
        "decision": again.record.get("decision"),
        "verdict": again.record.get("verdict"),
        "reason": again.record.get("reason"),
        "again": what,
        "because": [*again.differs, *([again.missing] if again.missing else [])],
        "changes": [str(change) for change in again.trial.changes] if again.trial else [],
        "allowed_with_changes": again.trial is not None and again.trial.is_cured,
    }


check.__doc__ = f"{check.__doc__}\n\n{EXAMPLES}"
