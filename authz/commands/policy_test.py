"""`authz policy test`: hold policies against the cases beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from authz.commands.formats.plain import shown
from authz.commands.options import CheckForm, Home, Watched
from authz.commands.progress import progress
from authz.commands.report import CheckFormat, report, tell
from authz.directory.diagnostics import Diagnostic, InvalidWorld, Severity
from authz.rehearsal.coverage import Coverage, coverage_of
from authz.rehearsal.run import Result, run
from authz.rehearsal.told import (
    coverage_lines,
    coverage_value,
    failure,
    failure_lines,
    gaps,
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
  authz policy test ./world --format github   (annotations of a workflow's step)

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
    form: CheckForm = CheckFormat.PRETTY,
    coverage: Annotated[  # noqa: FBT002 - so typer declares a flag
        bool,
        typer.Option("--coverage", help="Tell which conditions no case has seen true, or false."),
    ] = False,
    min_coverage: Annotated[
        float | None,
        typer.Option(min=0, max=100, metavar="PERCENT", help="Fail where less is seen."),
    ] = None,
    watched: Watched = None,
) -> None:
    """Ask the policies every case, and tell what is not as expected."""
    try:
        with progress(watched) as told:
            rehearsal = read_rehearsal(home, files or (), told)
    except InvalidWorld as error:
        mistakes = error.diagnostics
        raise typer.Exit(report(mistakes, home, form, Severity.ERROR)) from None
    results = tuple(run(rehearsal.cases, rehearsal.policies))
    is_wanted = coverage or min_coverage is not None
    covered = coverage_of(results, rehearsal.policies) if is_wanted else None
    is_enough = covered is None or covered.percent >= (min_coverage or 0)
    if form in (CheckFormat.PRETTY, CheckFormat.JSON):
        _print(results, covered, form)
    else:
        tell([*_mistakes(results, covered, is_enough=is_enough)], home, form)
    is_good = is_enough and all(result.is_as_expected for result in results)
    raise typer.Exit(Exit.OK if is_good else FAILED)


def _print(results: Sequence[Result], coverage: Coverage | None, form: CheckFormat) -> None:
    if form is CheckFormat.JSON:
        told = {} if coverage is None else {"coverage": coverage_value(coverage)}
        typer.echo(json.dumps(results_value(results) | told, indent=1))
        return
    for line in _lines(results, coverage):
        typer.echo(shown(line))


def _mistakes(
    results: Sequence[Result], coverage: Coverage | None, *, is_enough: bool
) -> Iterator[Diagnostic]:
    """Give what is not as expected, and what no case has seen, as mistakes with places."""
    yield from (failure(result) for result in results if not result.is_as_expected)
    if coverage is not None:
        yield from gaps(coverage, Severity.WARNING if is_enough else Severity.ERROR)


def _lines(results: Sequence[Result], coverage: Coverage | None) -> Iterator[str]:
    for result in results:
        if not result.is_as_expected:
            yield from failure_lines(result)
    if coverage is not None:
        yield from coverage_lines(coverage)
    yield summary(results)


rehearse.__doc__ = f"{rehearse.__doc__}\n\n{EXAMPLES}"
