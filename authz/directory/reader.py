"""YAML text to plain values with the position of every member.

The parser's events are read one by one, so depth is bounded before anything
recurses. Of YAML 1.1's surprises none is left: plain scalars follow the core
schema of YAML 1.2 (`on` and `no` are strings, `010` is no octal), and anchors,
aliases, tags, merge keys and duplicate keys are mistakes.

A world has hundreds of thousands of places and hardly ever a mistake, so places
are kept as bare numbers until somebody asks for one.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, cast

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position
from authz.model.strict_json import JSON

MAX_DEPTH = 32

Path = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})\.[0-9]{1,18}")
_HINTS = {
    "found character that cannot start any token": "YAML is indented by spaces; is this a tab?"
}
"""Ways out of what the YAML reader says."""

_NUMERIC = frozenset("+-0123456789")
"""What numbers begin with."""

_CONSTANTS: dict[str, JSON] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class Mark(Protocol):
    """Where the parser saw something; lines, columns and characters count from 0."""

    line: int
    column: int
    index: int


class Places:
    """Where everything of one document stands, in the order of the text."""

    __slots__ = ("_before", "_file", "_found", "_numbers")

    def __init__(self, file: str, before: int) -> None:
        """Note nothing yet; *before* are the lines of *file* that are not read."""
        self._file = file
        self._before = before
        self._numbers = array("I")
        """Line and column of each value; of a member's name too, before its value."""

        self._found: tuple[dict[Path, Position], dict[Path, Position]] | None = None

    def at(self, event: Event) -> Position:
        """Give the place of *event*."""
        mark = _mark(event)
        return Position(self._file, self._before + mark.line + 1, mark.column + 1)

    def note(self, event: Event) -> None:
        """Keep the place of *event*, which is the next one of the document."""
        mark = _mark(event)
        self._numbers.extend((mark.line, mark.column))

    def of(self, value: JSON) -> tuple[dict[Path, Position], dict[Path, Position]]:
        """Give the places of values and of names by path, for the document that says *value*."""
        if self._found is None:
            values: dict[Path, Position] = {}
            names: dict[Path, Position] = {}
            self._walk(value, (), iter(self._numbers), values, names)
            self._found = values, names
        return self._found

    def _walk(
        self,
        value: JSON,
        path: Path,
        numbers: Iterator[int],
        values: dict[Path, Position],
        names: dict[Path, Position],
    ) -> None:
        values[path] = self._next(numbers)
        if isinstance(value, dict):
            for name, member in value.items():
                below = (*path, name)
                names[below] = self._next(numbers)
                self._walk(member, below, numbers, values, names)
        elif isinstance(value, list):
            for index, row in enumerate(value):
                self._walk(row, (*path, index), numbers, values, names)

    def _next(self, numbers: Iterator[int]) -> Position:
        return Position(self._file, self._before + next(numbers) + 1, next(numbers) + 1)


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a file that is one document: read alone it says the same."""

    line: int
    """Lines before it."""

    start: int
    """Characters before it, to the beginning of its first line."""

    end: int


@dataclass(frozen=True, slots=True)
class Source:
    """One YAML document: its value, and where each of its members stands."""

    value: JSON
    start: Position
    places: Places
    span: Span

    def has(self, *path: str | int) -> bool:
        """Say whether there is a member at *path*."""
        return path in self.places.of(self.value)[1]

    def at(self, *path: str | int) -> Position:
        """Give the position of the value at *path*, or of the nearest thing around it."""
        values, _ = self.places.of(self.value)
        return values.get(_known(path, values), self.start)

    def key_at(self, *path: str | int) -> Position:
        """Give the position of the key that *path* ends in."""
        values, names = self.places.of(self.value)
        known = _known(path, values)
        return names.get(known) or values.get(known, self.start)


def _known(path: Path, values: Mapping[Path, Position]) -> Path:
    """Walk *path* as far as the document goes; steps that it does not have are skipped."""
    known: Path = ()
    for step in path:
        known = (*known, step) if (*known, step) in values else known
    return known


def read_documents(file: str, text: bytes | str, before: int = 0) -> list[Source]:
    """
    Read every document of a YAML file, or of a `Span` of one.

    Args:
        file: Its name, for places.
        text: What is read.
        before: How many lines of the file stand before it.

    Raises:
        InvalidWorld: no UTF-8, no YAML, or something that could be read in two ways.
    """
    whole = decoded(file, text) if isinstance(text, bytes) else text
    try:
        return list(_documents(file, yaml.parse(whole, Loader=yaml.CSafeLoader), before))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Position(file, before + mark.line + 1, mark.column + 1) if mark else Position(file)
        problem = str(error.problem or error.context)
        raise _mistake(place, f"not YAML: {problem}", _HINTS.get(problem, "")) from None
    except yaml.YAMLError as error:
        raise _mistake(Position(file), f"not YAML: {type(error).__name__}") from None


def decoded(file: str, text: bytes) -> str:
    """
    Give the characters of a file: those that a `Span` counts.

    Raises:
        InvalidWorld: it is no UTF-8.
    """
    try:
        # The parser passes over a byte order mark, and does not count it.
        return text.decode("utf-8").removeprefix("\N{BOM}")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise _mistake(Position(file, line), "the file is not UTF-8") from None


def _documents(file: str, events: Iterator[Event], before: int) -> Iterator[Source]:
    words: dict[str, str] = {}
    for event in events:
        if isinstance(event, DocumentStartEvent):
            first = next(events)
            places = Places(file, before)
            value = _Composer(events, places, words).compose(first, 0)
            start, end = _mark(event), _mark(next(events))
            span = Span(before + start.line, start.index - start.column, end.index)
            yield Source(value, places.at(first), places, span)


class _Composer:
    """Builds one document from events, noting places as it goes."""

    def __init__(self, events: Iterator[Event], places: Places, words: dict[str, str]) -> None:
        """*words* are those of the file so far: scopes, roles and tools are said all over."""
        self._events = events
        self._places = places
        self._note = places.note
        self._words = words

    def compose(self, event: Event, depth: int) -> JSON:
        self._check(event, depth)
        self._note(event)
        if isinstance(event, ScalarEvent):
            return _scalar(event, self._words)
        return self._mapping(depth) if isinstance(event, MappingStartEvent) else self._rows(depth)

    def _check(self, event: Event, depth: int) -> None:
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            raise self._refuse(event, "anchors and aliases are not read", "write the value out")
        if isinstance(event, (ScalarEvent, CollectionStartEvent)) and event.tag is not None:
            raise self._refuse(event, "tags are not read", "leave the tag out")
        if depth > MAX_DEPTH:
            raise self._refuse(event, f"nested deeper than {MAX_DEPTH} levels")

    def _mapping(self, depth: int) -> JSON:
        members: dict[str, JSON] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            self._check(event, depth)
            if not isinstance(event, ScalarEvent):
                raise self._refuse(event, "a key is no string")
            key = self._words.setdefault(event.value, event.value)
            if key in members:
                raise self._refuse(event, f"{key!r} stands twice in this mapping")
            if key == "<<":
                raise self._refuse(event, "merge keys are not read", "write the members out")
            self._note(event)
            members[key] = self.compose(next(self._events), depth + 1)
        return members

    def _rows(self, depth: int) -> JSON:
        rows: list[JSON] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            rows.append(self.compose(event, depth + 1))
        return rows

    def _refuse(self, event: Event, message: str, hint: str = "") -> InvalidWorld:
        return _mistake(self._places.at(event), message, hint)


def _scalar(event: ScalarEvent, words: dict[str, str]) -> JSON:
    text = words.setdefault(event.value, event.value)
    if not event.implicit[0]:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def _mark(event: Event) -> Mark:
    # None is for events that people make; the parser's have one.
    return cast(Mark, event.start_mark)


def _mistake(place: Position, message: str, hint: str = "") -> InvalidWorld:
    return InvalidWorld([Diagnostic(place, message, hint)])
