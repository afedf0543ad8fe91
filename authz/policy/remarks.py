"""What is to be said of one policy, and of which of its words.

The engine names no places, and its JSON form has none. But whoever finds a
mistake knows what is wrong by name, and a statement says that name somewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from authz.directory.diagnostics import Severity

Phrase = tuple[str, ...]
"""Tokens one after another. A string is written with a quote before its value, and none behind."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A message, a way out, and the words that they are about."""

    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    about: tuple[Phrase, ...] = ()
    """Wrong wherever they stand, so the first place is told."""

    perhaps: tuple[Phrase, ...] = ()
    """Right in some places, so a place is told only where there is a single one."""


def quoted(value: str) -> str:
    """Give the token of a string."""
    return f'"{value}'


def entity(kind: str, name: str) -> tuple[Phrase, ...]:
    """Give how an entity is written."""
    return ((kind, ":", ":", quoted(name)),)


def attribute(*path: str) -> tuple[Phrase, ...]:
    """Give how the attribute that *path* ends in is read, or asked for with `has`."""
    before, name = path[-2:-1], path[-1]
    return (*reading(*path), (*before, "has", name), (*before, "has", quoted(name)))


def reading(*path: str) -> tuple[Phrase, ...]:
    """Give how the attribute that *path* ends in is read."""
    before, name = path[-2:-1], path[-1]
    return ((*before, ".", name), (*before, "[", quoted(name)))


def annotation(name: str, value: str | None = None) -> tuple[Phrase, ...]:
    """Give how an annotation is written: its name or, where that is right, its value."""
    return (("@", name),) if value is None else (("@", name, "(", quoted(value)),)
