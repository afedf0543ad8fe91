"""Mistakes as workflow commands: GitHub shows them beside the lines that they are about.

A runner obeys every line of a step's output that begins with `::`. So no text of
a file, nor a file's name, may end a line or a property: the runner's own escapes
are used (`actions/toolkit`, `packages/core/src/command.ts`), and what else could
move a reader's terminal is replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from authz.commands.formats.plain import shown
from authz.directory.diagnostics import Diagnostic, Severity
from authz.directory.rules import HELP

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning"}
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def commands(found: Iterable[Diagnostic]) -> Iterator[str]:
    """
    Write one workflow command for each of *found*.

    Args:
        found: With files as the runner knows them: from the repository's root.

    Returns:
        Lines without their ends: `::error file=…,line=…,col=…,title=…::message`.
    """
    for row in found:
        place = row.position
        properties = {
            "file": place.file,
            "line": str(place.line),
            "col": str(place.column),
            "title": f"{row.rule}: {HELP[row.rule][0]}",
        }
        told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        message = f"{row.message}\n{row.hint}" if row.hint else row.message
        yield f"::{_COMMANDS[row.severity]} {told}::{_data(message)}"


def _property(value: str) -> str:
    return shown(value).translate(_PROPERTY)


def _data(message: str) -> str:
    return "\n".join(map(shown, message.split("\n"))).translate(_DATA)
