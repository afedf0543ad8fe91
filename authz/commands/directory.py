"""`authz directory`: what is declared, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import typer

from authz.commands.options import CheckForm, FailOn, Home, Watched
from authz.commands.progress import progress
from authz.commands.report import CheckFormat, found_in, report
from authz.commands.show import show
from authz.directory.diagnostics import Diagnostic, Severity
from authz.directory.progress import Progress
from authz.sources.declared import read_documents

directory = typer.Typer(
    help="Look at what is declared.", no_args_is_help=True, rich_markup_mode=None
)

CHECK_EXAMPLES = """\
Examples:

\b
  authz directory check /etc/narrowgate
  authz directory check ./world --fail-on warning
  authz directory check ./world --format json
  authz directory check ./world --format github   (annotations of a workflow's step)
  authz directory check ./world --format sarif > narrowgate.sarif

\b
Exit codes: 0 it loads, 1 internal error, 2 usage, 3 it does not load.
JSON is a list of {file, line, column, severity, message, hint};
lines and columns count from 1, columns in characters.
"""


def check(
    home: Home = Path(),
    form: CheckForm = CheckFormat.PRETTY,
    fail_on: FailOn = Severity.ERROR,
    watched: Watched = None,
) -> None:
    """Check all documents, and the key files that issuers name."""
    with progress(watched) as tell:
        found = found_in(partial(_warnings, tell), home)
    raise typer.Exit(report(found, home, form, fail_on))


def _warnings(tell: Progress, home: Path) -> Sequence[Diagnostic]:
    return read_documents(home, tell).warnings


check.__doc__ = f"{check.__doc__}\n\n{CHECK_EXAMPLES}"
directory.command()(check)
directory.command()(show)
