"""`authz policy`: what policies say, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import typer

from authz.commands.options import CheckForm, FailOn, Home, Watched
from authz.commands.policy_test import rehearse
from authz.commands.progress import progress
from authz.commands.report import CheckFormat, found_in, report
from authz.directory.diagnostics import Diagnostic, Severity
from authz.directory.progress import Progress
from authz.sources.declared import read_policies

policy = typer.Typer(help="Work on policies.", no_args_is_help=True, rich_markup_mode=None)

CHECK_EXAMPLES = """\
Examples:

\b
  authz policy check /etc/narrowgate
  authz policy check ./world --fail-on warning
  authz policy check ./world --format json
  authz policy check ./world --format github   (annotations of a workflow's step)
  authz policy check ./world --format sarif > narrowgate.sarif

\b
Exit codes: 0 they load, 1 internal error, 2 usage, 3 they do not load.
JSON is a list of {file, line, column, severity, message, hint};
lines and columns count from 1, columns in characters.
"""


def check(
    home: Home = Path(),
    form: CheckForm = CheckFormat.PRETTY,
    fail_on: FailOn = Severity.ERROR,
    watched: Watched = None,
) -> None:
    """Check all policies against what directory/ declares."""
    with progress(watched) as tell:
        found = found_in(partial(_warnings, tell), home)
    raise typer.Exit(report(found, home, form, fail_on))


def _warnings(tell: Progress, home: Path) -> Sequence[Diagnostic]:
    _, _, warnings = read_policies(home, tell)
    return warnings


check.__doc__ = f"{check.__doc__}\n\n{CHECK_EXAMPLES}"
policy.command()(check)
policy.command("test")(rehearse)
