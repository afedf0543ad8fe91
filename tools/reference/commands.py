"""The commands: what each says with `--help`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import typer
from typer.testing import CliRunner

from authz.commands.main import application

HEAD = """\
# Commands

What `authz` says of each command with `--help`.
"""
WIDTH = 100


def page() -> str:
    """Give the page."""
    os.environ |= {"COLUMNS": str(WIDTH), "TERMINAL_WIDTH": str(WIDTH)}
    texts = (f"## {' '.join(path)}\n\n```\n{_help(path)}\n```\n" for path in _paths())
    return "\n".join([HEAD, *texts])


def _paths() -> Iterator[tuple[str, ...]]:
    yield ("authz",)
    yield from _below(typer.main.get_command(application), ("authz",))


def _below(group: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, command in getattr(group, "commands", {}).items():
        yield (*path, name)
        yield from _below(command, (*path, name))


def _help(path: tuple[str, ...]) -> str:
    shown = CliRunner().invoke(application, [*path[1:], "--help"], prog_name="authz")
    return "\n".join(line.rstrip() for line in shown.output.strip().splitlines())
