"""Where the engine's parser stops in a statement, and what that most often means.

The parser says which token it cannot take, but not where that stands. It reads
from the left, so the token is the last of the shortest beginning that it
refuses in the same words.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import replace

from cedarpy import policies_to_json_str

from authz.directory.diagnostics import Diagnostic
from authz.policy.narrow import MAX_SEARCHED, part_refused
from authz.policy.places import diagnostic
from authz.policy.remarks import Phrase, Remark
from authz.policy.statements import Statement, tokens

MISSING_END = "a policy ends with a semicolon; is one missing?"
_END = "unexpected end of input"
_STOPPED = re.compile(r"unexpected token `(.*)`|invalid token")
_QUOTED = re.compile(
    r"`(\w+)` (?:is not a valid|has no fields)"
    r"|(?:variable|effect|condition|scope): (\w+)$"
    r"|literal `(\d+)`"
)
_TEMPLATE = "it is a template"
_SLOTS = (("?", "principal"), ("?", "resource"))


def syntax_hint(message: str) -> str:
    """Give what a parser's message most often means."""
    if re.search(r"unexpected token `(@|permit|forbid)`|unexpected end of input", message):
        return MISSING_END
    if "unexpected token `=`" in message or "'=' is not a valid operator" in message:
        return "equality is written =="
    return ""


def syntax_mistake(statement: Statement, message: str, hint: str) -> Diagnostic:
    """Tell why *statement* is no policy, at the token that cannot stand where that is known."""
    told = f"not a policy: {message}"
    offset = _stop(statement.text, message)
    if offset is not None:
        return Diagnostic(statement.at(offset), told, hint or _hint_at(statement.text, offset))
    remark = Remark(told, hint, perhaps=_words(message))
    placed = diagnostic(statement, remark)
    if placed.position != statement.position or statement.is_too_large:
        return placed
    part = part_refused(statement.text, lambda text: _refusal(text) == message)
    return placed if part is None else replace(placed, position=statement.at(part))


def _stop(text: str, message: str) -> int | None:
    """Give where the parser stops, which is behind the last token if it wants more of them."""
    found = [*tokens(text)]
    if message == _END:
        return found[-1].end()
    match = _STOPPED.fullmatch(message)
    if match is None or len(text) > MAX_SEARCHED:
        return None
    if match[1] == ";":
        return found[-1].start()
    # With a semicolon behind it, so that what is merely not finished is refused in other words.
    ends = [match.end() for match in found]
    first = bisect_left(ends, True, key=lambda end: _refusal(f"{text[:end]};") == message)
    return found[first].start() if first < len(found) else None


def _refusal(text: str) -> str:
    try:
        policies_to_json_str(text)
    except ValueError as error:
        return str(error)
    return ""


def _hint_at(text: str, offset: int) -> str:
    """Say of a second `permit (` in one statement what is missing before it."""
    before = [match.group() for match in tokens(text[:offset])]
    is_second = text[offset] == "(" and before[-1:] in (["permit"], ["forbid"])
    return MISSING_END if is_second else ""


def _words(message: str) -> tuple[Phrase, ...]:
    """Give the words of a statement that a message quotes."""
    if message.startswith(_TEMPLATE):
        return _SLOTS
    match = _QUOTED.search(message)
    return ((next(word for word in match.groups() if word),),) if match else ()
