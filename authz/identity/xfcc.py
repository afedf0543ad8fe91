"""The workload that asks, as one declared proxy writes it into `x-forwarded-client-cert`.

The header is read by a state machine, because values are quoted and hold the
separators. Anything odd spoils the whole header: a proxy that sets it writes it
in one way, and who can make it odd has written a part of it.

    header  = element *("," element)
    element = pair *(";" pair)
    pair    = key "=" (plain / quoted)

Source: Envoy, HTTP headers, `x-forwarded-client-cert`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set

from authz.identity.workload import NOBODY, Absent, Rejected, read_workload
from authz.model.spiffe import SpiffeId

HEADER = "x-forwarded-client-cert"
MAX_XFCC = 32 * 1024
"""Characters; a whole chain may be in it."""

MAX_ELEMENTS = 16
"""More proxies than any call passes."""

KEYS = frozenset({"by", "hash", "cert", "chain", "subject", "uri", "dns"})
"""All that Envoy writes, in lower case."""

_ELEMENT, _PAIR, _VALUE, _QUOTE = ",", ";", "=", '"'
_PLAIN_RUN = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c\x3e-\x5b\x5d-\x7e]+")
"""Visible ASCII without the four and the backslash."""

_QUOTED_RUN = re.compile(r'(?:[\x20\x21\x23-\x5b\x5d-\x7e]+|\\"|\\(?![\\"]))+')
"""Printable ASCII, a quote only behind a backslash, and no backslash before another."""


class NotXfcc(ValueError):
    """The header is not of the grammar, or could be read in two ways; nothing of it is quoted."""


def read_xfcc(
    unverified: str | None, by: SpiffeId, trust_domains: Set[str]
) -> SpiffeId | Rejected | Absent:
    """
    Read the header of a listener with `identity: xfcc`.

    There must be one element, written by *by*, with one `URI`. Which of several
    elements a proxy wrote, and which its client did, nobody could say.
    """
    if not unverified:
        return Absent("there is no x-forwarded-client-cert")
    try:
        elements = parse_xfcc(unverified)
    except NotXfcc as error:
        return Rejected(f"x-forwarded-client-cert: {error}")
    if len(elements) != 1:
        return Rejected("x-forwarded-client-cert: more than one proxy wrote it")
    (element,) = elements
    if element.get("by") != str(by):
        return Rejected("x-forwarded-client-cert: By is not the declared proxy")
    uri = element.get("uri")
    if uri is None:
        return Rejected("x-forwarded-client-cert: there is no URI")
    if uri in NOBODY:
        return Absent("the declared proxy saw no identity")
    return read_workload(uri, "the URI in x-forwarded-client-cert", trust_domains)


def parse_xfcc(text: str) -> tuple[Mapping[str, str], ...]:
    """
    Read the elements of a header, in their order, by lower-case key.

    Raises:
        NotXfcc: it is longer than `MAX_XFCC` or `MAX_ELEMENTS`, breaks the grammar, has a key that
            Envoy does not write or one twice in an element, a character outside
            visible ASCII, or a backslash that two readers could take differently.
    """
    if len(text) > MAX_XFCC:
        raise NotXfcc(f"it is longer than {MAX_XFCC} characters")
    elements: list[dict[str, str]] = [{}]
    at = 0
    while True:
        key, at = _key(text, at)
        value, at = _quoted(text, at) if text[at : at + 1] == _QUOTE else _plain(text, at)
        if key in elements[-1]:
            raise NotXfcc("a key stands twice in one element")
        elements[-1][key] = value
        if at == len(text):
            return tuple(elements)
        if text[at] not in (_ELEMENT, _PAIR):
            raise NotXfcc("a value goes on behind its end")
        if text[at] == _ELEMENT:
            if len(elements) == MAX_ELEMENTS:
                raise NotXfcc(f"it has more than {MAX_ELEMENTS} elements")
            elements.append({})
        at += 1


def _key(text: str, start: int) -> tuple[str, int]:
    end = text.find(_VALUE, start)
    key = text[start:end].lower() if end >= 0 else ""
    if key not in KEYS:
        raise NotXfcc("a key is missing, or is none that Envoy writes")
    return key, end + 1


def _plain(text: str, start: int) -> tuple[str, int]:
    end = _end(_PLAIN_RUN, text, start)
    return text[start:end], end


def _quoted(text: str, start: int) -> tuple[str, int]:
    """Read a quoted value; Envoy writes a quote in it as backslash and quote, and nothing else."""
    end = _end(_QUOTED_RUN, text, start + 1)
    match text[end : end + 1]:
        case '"':
            return text[start + 1 : end].replace('\\"', '"'), end + 1
        case "":
            raise NotXfcc("a quote is not closed")
        case "\\":
            # Is a quote behind it the end of the value? Envoy would not say.
            raise NotXfcc("a backslash stands before another")
    raise NotXfcc("a value has a character that is not printable ASCII")


def _end(run: re.Pattern[str], text: str, start: int) -> int:
    found = run.match(text, start)
    return found.end() if found else start
