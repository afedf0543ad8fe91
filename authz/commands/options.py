"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from authz.commands.report import CheckFormat, Format
from authz.directory.diagnostics import Severity

Home = Annotated[
    Path,
    typer.Argument(
        envvar="NARROWGATE_HOME",
        exists=True,
        file_okay=False,
        help="Folder with directory/ and policies/. Places are told from here.",
    ),
]
Form = Annotated[
    Format,
    typer.Option("--format", help="For people, or one JSON document for programs."),
]
CheckForm = Annotated[
    CheckFormat,
    typer.Option(
        "--format", help="For people; or as JSON, GitHub workflow commands, or SARIF 2.1.0."
    ),
]
Watched = Annotated[
    bool | None,
    typer.Option(
        "--progress/--no-progress",
        help="Tell on standard error how far it is; by default on a terminal only.",
    ),
]
FailOn = Annotated[
    Severity,
    typer.Option("--fail-on", help="From what on the exit code is 3: error, or warning too."),
]
