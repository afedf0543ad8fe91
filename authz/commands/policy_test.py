"""`authz policy test`: hold policies against the cases beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from authz.commands.options import Form, Home
from authz.commands.report import Format, report, shown
from authz.directory.diagnostics import InvalidWorld, Severity
from authz.rehearsal.coverage import Coverage, coverage_of
from authz.rehearsal.run import Result, run
from authz.rehearsal.told import (
    coverage_lines,
    coverage_value,
    failure_lines,
    results_value,
    summary,
)
from authz.settings import Exit
from authz.sources.rehearsals import read_rehearsal

EXAMPLES = """\
Examples:

\b
  authz policy test /etc/narrowgate
  authz policy test ./world --coverage --min-coverage 80
  authz policy test ./world refunds.test.yaml --format json

\b
Exit codes: 0 all as expected, 1 internal error, 2 usage,
3 the world or a file of tests does not load,
4 a case is not as expected, or too little is covered.
"""


FAILED = 4


def rehearse(
    home: Home = Path(),
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files of cases; without any, tests/**/*.test.yaml of the folder."),
    ] = None,
    form: Form = Format.PRETTY,
    coverage: Annotated[  # noqa: FBT002 - so typer declares a flag
        bool,
        typer.Option("--coverage", help="Tell which conditions no case has seen true, or false."),
    ] = False,
    min_coverage: Annotated[
        float | None,
        typer.Option(min=0, max=100, metavar="PERCENT", help="Fail where less is seen."),
    ] = None,
) -> None:
    """Ask the policies every case of the tests, and tell what is not as expected."""
    try:
        rehearsal = read_rehearsal(home, files or ())
    except InvalidWorld as error:
        mistakes = error.diagnostics
        raise typer.Exit(report(lambda _: mistakes, home, form, Severity.ERROR)) from None
    results = tuple(run(rehearsal.cases, rehearsal.policies))
    is_wanted = coverage or min_coverage is not None
    covered = coverage_of(results, rehearsal.policies) if is_wanted else None
    _print(results, covered, form)
    is_enough = covered is None or covered.percent >= (min_coverage or 0)
    is_good = is_enough and all(result.is_as_expected for result in results)
    raise typer.Exit(Exit.OK if is_good else FAILED)


def _print(results: Sequence[Result], coverage: Coverage | None, form: Format) -> None:
    if form is Format.JSON:
        told = {} if coverage is None else {"coverage": coverage_value(coverage)}
        typer.echo(json.dumps(results_value(results) | told, indent=1))
        return
    for line in _lines(results, coverage):
        typer.echo(shown(line))


def _lines(results: Sequence[Result], coverage: Coverage | None) -> Iterator[str]:
    for result in results:
        if not result.is_as_expected:
            yield from failure_lines(result)
    if coverage is not None:
        yield from coverage_lines(coverage)
    yield summary(results)


rehearse.__doc__ = f"{rehearse.__doc__}\n\n{EXAMPLES}"
