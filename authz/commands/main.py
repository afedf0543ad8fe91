"""The command `authz`: its subcommands, help and version."""

from __future__ import annotations

from typing import Annotated

import typer

from authz import __version__
from authz.commands.check import check
from authz.commands.directory import directory
from authz.commands.envoy import envoy
from authz.commands.keys import keys
from authz.commands.policy import policy
from authz.commands.serve import serve
from authz.commands.status import status

application = typer.Typer(
    name="authz",
    help="Narrowgate: zero-trust authorization for autonomous AI agents, at the Envoy edge.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer hands the flag's value over
    if wanted:
        typer.echo(f"narrowgate {__version__}")
        raise typer.Exit


@application.callback()
def _options(
    _version: Annotated[  # noqa: FBT002 - so typer declares a flag
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Take the options that come before a command."""


application.command()(serve)
application.command()(status)
application.command()(check)
application.add_typer(directory, name="directory")
application.add_typer(policy, name="policy")
application.add_typer(keys, name="keys")
application.add_typer(envoy, name="envoy")


def main() -> None:
    """Run the command line."""
    application()
