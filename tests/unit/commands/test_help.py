"""`authz --help`: each command is told in one whole sentence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from authz.commands.main import application


def groups(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Give the path of every command that has commands below it."""
    below = getattr(command, "commands", {})
    if below:
        yield path
    for name, each in below.items():
        yield from groups(each, (*path, name))


@pytest.mark.parametrize("path", [*groups(typer.main.get_command(application))], ids=" ".join)
def test_no_sentence_is_cut_off(path: tuple[str, ...]) -> None:
    """The list of a group's commands fits a terminal of 80 columns."""
    shown = CliRunner().invoke(application, [*path, "--help"], terminal_width=80)

    _, listed = shown.output.split("Commands:\n")
    assert not [row for row in listed.splitlines() if row.endswith("...")]
