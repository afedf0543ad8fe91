"""YAML text to plain values with the position of every member.

The parser's events are read one by one, so depth is bounded before anything
recurses. Of YAML 1.1's surprises none is left: plain scalars follow the core
schema of YAML 1.2 (`on` and `no` are strings, `010` is no octal), and anchors,
aliases, tags, merge keys and duplicate keys are mistakes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

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
    SequenceStartEvent,
)

from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position
from authz.model.strict_json import JSON

MAX_DEPTH = 32

Path = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})\.[0-9]{1,18}")
_CONSTANTS: dict[str, JSON] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True)
class Source:
    """One YAML document: its value, and where each of its members stands."""

    value: JSON
    start: Position
    values: dict[Path, Position] = field(default_factory=dict)
    keys: dict[Path, Position] = field(default_factory=dict)

    def at(self, *path: str | int) -> Position:
        """Give the position of the value at *path*, or of the nearest thing around it."""
        return self._nearest(path, self.values)

    def key_at(self, *path: str | int) -> Position:
        """Give the position of the key that *path* ends in."""
        known = self._known(path)
        return self.keys.get(known) or self._nearest(path, self.values)

    def _nearest(self, path: Sequence[str | int], positions: dict[Path, Position]) -> Position:
        return positions.get(self._known(path), self.start)

    def _known(self, path: Sequence[str | int]) -> Path:
        """Walk *path* as far as the document goes; steps that it does not have are skipped."""
        known: Path = ()
        for step in path:
            known = (*known, step) if (*known, step) in self.values else known
        return known


def read_documents(file: str, text: bytes) -> list[Source]:
    """
    Read every document of a YAML file.

    Raises:
        InvalidWorld: no UTF-8, no YAML, or something that could be read in two ways.
    """
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise _mistake(Position(file, line), "the file is not UTF-8") from None
    try:
        return list(_documents(file, yaml.parse(decoded, Loader=yaml.CSafeLoader)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file)
        raise _mistake(place, f"not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise _mistake(Position(file), f"not YAML: {type(error).__name__}") from None


def _documents(file: str, events: Iterator[Event]) -> Iterator[Source]:
    for event in events:
        if isinstance(event, DocumentStartEvent):
            first = next(events)
            source = Source(None, _position(file, first))
            value = _Composer(file, events, source).compose(first, (), 0)
            yield Source(value, source.start, source.values, source.keys)


class _Composer:
    """Builds one document from events, noting positions as it goes."""

    def __init__(self, file: str, events: Iterator[Event], source: Source) -> None:
        self._file = file
        self._events = events
        self._source = source

    def compose(self, event: Event, path: Path, depth: int) -> JSON:
        self._check(event, depth)
        self._source.values[path] = _position(self._file, event)
        if isinstance(event, MappingStartEvent):
            return self._mapping(path, depth)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(path, depth)
        assert isinstance(event, ScalarEvent)  # noqa: S101 - the grammar has no other node
        return _scalar(event)

    def _check(self, event: Event, depth: int) -> None:
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            raise self._refuse(event, "anchors and aliases are not read", "write the value out")
        if isinstance(event, (ScalarEvent, CollectionStartEvent)) and event.tag is not None:
            raise self._refuse(event, "tags are not read", "leave the tag out")
        if depth > MAX_DEPTH:
            raise self._refuse(event, f"nested deeper than {MAX_DEPTH} levels")

    def _mapping(self, path: Path, depth: int) -> JSON:
        members: dict[str, JSON] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            self._check(event, depth)
            if not isinstance(event, ScalarEvent):
                raise self._refuse(event, "a key is no string")
            key = event.value
            if key in members:
                raise self._refuse(event, f"{key!r} stands twice in this mapping")
            if key == "<<":
                raise self._refuse(event, "merge keys are not read", "write the members out")
            self._source.keys[(*path, key)] = _position(self._file, event)
            members[key] = self.compose(next(self._events), (*path, key), depth + 1)
        return members

    def _sequence(self, path: Path, depth: int) -> JSON:
        rows: list[JSON] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            rows.append(self.compose(event, (*path, len(rows)), depth + 1))
        return rows

    def _refuse(self, event: Event, message: str, hint: str = "") -> InvalidWorld:
        return _mistake(_position(self._file, event), message, hint)


def _scalar(event: ScalarEvent) -> JSON:
    text: str = event.value
    plain, _quoted = event.implicit
    if not plain:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def _position(file: str, event: Event) -> Position:
    mark = event.start_mark
    return Position(file, mark.line + 1, mark.column + 1) if mark else Position(file)


def _mistake(place: Position, message: str, hint: str = "") -> InvalidWorld:
    return InvalidWorld([Diagnostic(place, message, hint)])
