"""Where in a statement the words stand that a remark is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from authz.directory.diagnostics import Diagnostic, Position
from authz.policy.remarks import Phrase, Remark
from authz.policy.statements import Statement, tokens

_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_LAST = 0x10FFFF


def diagnostic(statement: Statement, remark: Remark) -> Diagnostic:
    """Give *remark* with its place: the beginning of *statement* where nothing nearer is known."""
    place = _place(statement, remark)
    return Diagnostic(place, remark.message, remark.hint, remark.severity)


def _place(statement: Statement, remark: Remark) -> Position:
    for place in find(statement, remark.about):
        return place
    places = [*find(statement, remark.perhaps)]
    return places[0] if len(places) == 1 else statement.position


def find(statement: Statement, phrases: Sequence[Phrase]) -> Iterator[Position]:
    """Give the places where one of *phrases* stands: those of its last token."""
    if not phrases:
        return
    found = [*tokens(statement.text)]
    values = tuple(_value(match.group()) for match in found)
    for end, match in enumerate(found, 1):
        if any(values[max(0, end - len(phrase)) : end] == phrase for phrase in phrases):
            yield statement.at(match.start())


def _value(token: str) -> str:
    """Give a string token with a quote before its value, without escapes; others as they are."""
    if len(token) < 2 or token[0] != '"':
        return token
    return '"' + _ESCAPE.sub(_unescaped, token[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    code, byte, plain = match.groups()
    if plain is not None:
        return _PLAIN.get(plain, plain)
    point = int(code or byte, 16)
    return chr(point) if point <= _LAST else match.group()
