"""Plain HTTP: a method and a path, both in one spelling only. Query and body are not read.

What is decided is the method and the path, so nothing may be left of the path
that an upstream could take for another one: it would run what nobody judged.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from authz.model.call import Call
from authz.model.operation import HttpCall, Message, Protocol, Unknown
from authz.protocols.jsonrpc import peek_id
from authz.protocols.models import provider_of
from authz.protocols.unreadable import ambiguous

BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
"""Methods whose body means nothing to one reader, and something to another."""

MAX_PATH = 8 * 1024
"""Characters of a path without its query: more than any service needs (RFC 9110 section 4.1)."""

_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,=:@/%-]*")
"""Characters of a path (RFC 3986 section 3.3), without the `;` that some readers cut it at."""

_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED = re.compile(rb"[A-Za-z0-9._~-]")
_CUTTING = frozenset(b"/\\;?#%")
"""What ends a segment, or hides another escape, for a reader that decodes early."""

_CUTTING_TEXT = frozenset(map(chr, _CUTTING))
_DOTS = frozenset({".", ".."})
_LINE_ENDING = frozenset({"Cc", "Zl", "Zp"})
"""Categories of Unicode whose characters control, or end a line."""


def read_unrouted(method: str, body: bytes) -> Message:
    """
    Read a request without looking for an operation in it: step 5 refuses it.

    The `id` of a JSON-RPC message is kept where there is one, because a caller
    that gets no further than its credential is answered in JSON-RPC.
    """
    return Message(Protocol.HTTP, Unknown(method), peek_id(body))


def read_request(call: Call) -> Message:
    """
    Read a request for an HTTP service.

    Raises:
        Unreadable: `ambiguous_request`. The path is not plain; a method that
            has no body comes with one; or an upgrade is asked for, after which
            anything may follow.
    """
    if "upgrade" in call.headers:
        raise ambiguous("what follows an upgrade is not what would be judged")
    if call.method in BODILESS and has_body(call):
        raise ambiguous(f"a {call.method} with a body means two things")
    path = plain_path(call.path)
    provider = provider_of(call.method, path)
    protocol = Protocol.HTTP if provider is None else Protocol.MODEL
    return Message(protocol, HttpCall(call.method, path, provider), None)


def has_body(call: Call) -> bool:
    """Say whether a request has a body, or announces one."""
    return bool(call.body or call.size) or announces_body(call.headers)


def announces_body(unverified_headers: Mapping[str, str]) -> bool:
    """Say whether headers announce a body, whatever came of it."""
    length = unverified_headers.get("content-length", "0")
    return length != "0" or "transfer-encoding" in unverified_headers


def plain_path(address: str) -> str:
    """
    Give the path of *address*, without its query.

    Raises:
        Unreadable: `ambiguous_request`. It is no absolute path, longer than `MAX_PATH`,
            or has empty or dot segments, parameters, characters that no path has, or an escape
            that is broken, hides a delimiter or folds into one (NFKC), is white space
            around dots, or spells what needs none.
    """
    path = address.partition("?")[0]
    if len(path) > MAX_PATH:
        # What it folds into takes time that grows with the square of its length.
        raise ambiguous("the path is so long that some readers cut it")
    if _PATH.fullmatch(path) is None:
        raise ambiguous("the path has characters that no plain path has")
    segments = path.split("/")
    if "//" in path or not _DOTS.isdisjoint(segments):
        raise ambiguous("the path has empty or dot segments")
    for segment in segments:
        if "%" in segment:
            _check_escapes(segment)
    return path


def _check_escapes(segment: str) -> None:
    octets = bytearray()
    for match in _ESCAPED.finditer(segment):
        if match[1] is None:
            raise ambiguous("an escape in the path is broken")
        octets.append(int(match[1], 16))
    if any(octet < 0x20 or octet == 0x7F or octet in _CUTTING for octet in octets):
        raise ambiguous("an escape in the path hides a delimiter or a control character")
    if _UNRESERVED.search(octets):
        # A literal of a template in other letters: readers that decode would read it there.
        raise ambiguous("an escape in the path spells a character that needs none")
    _check_text(segment)


def _check_text(segment: str) -> None:
    plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), segment)
    try:
        text = plain.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        raise ambiguous("the escapes in the path are no UTF-8") from None
    if not _LINE_ENDING.isdisjoint(map(unicodedata.category, text)):
        raise ambiguous("an escape in the path hides a control character")
    # Another reader may fold a full-width slash or stop into the plain one, or trim.
    folded = unicodedata.normalize("NFKC", text).strip()
    if folded in _DOTS or not _CUTTING_TEXT.isdisjoint(folded):
        raise ambiguous("an escape in the path folds into a delimiter or dots")
