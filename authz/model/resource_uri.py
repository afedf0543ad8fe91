"""URIs of MCP resources: what a directory declares, and which of them a caller asks for.

A declared URI is compared byte by byte. A template has variables that are whole
segments (RFC 6570 level 1); a variable's value counts only in the one spelling
that expansion gives it. What two readers could take for two resources (`..`, an
encoded slash, another spelling of the same letter, a query, capital letters in
the host) therefore is none of them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote

MAX_URI = 2048
"""Characters of a URI that is asked for."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_AUTHORITY = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?(:[1-9][0-9]{0,4})?")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,=:@-]+")
_QUERY = re.compile(r"[A-Za-z0-9._~!$'()*+,=:@&-]+")
_VARIABLE = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")
_DOTS = frozenset({".", ".."})
_TAKEN_APART = frozenset("/\\?#%;{}")
"""What a reader who decodes first would take the URI apart by."""


class NotResourceUri(ValueError):
    """A declared URI that some readers could take for another; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class ResourceUri:
    """One declared URI, or a template of many."""

    text: str
    scheme: str
    segments: tuple[str | None, ...]
    """The authority, then those of the path; None is a variable."""

    @classmethod
    def parse(cls, text: str) -> ResourceUri:
        """
        Read a declared URI or template.

        Raises:
            NotResourceUri: it is neither, or not in the one spelling that counts.
        """
        scheme, mark, rest = text.partition("://")
        if not mark or _SCHEME.fullmatch(scheme) is None:
            raise NotResourceUri("expected scheme://… with the scheme in small letters")
        rest, question, query = rest.partition("?")
        variables = [part for part in rest.split("/") if _VARIABLE.fullmatch(part)]
        if question and (variables or _QUERY.fullmatch(query) is None):
            raise NotResourceUri("a query is plain, and no template has one")
        if len(set(variables)) < len(variables):
            raise NotResourceUri("a variable stands twice")
        authority, *path = rest.split("/")
        segments = (_authority(authority, path), *_path(path))
        return cls(text, scheme, segments)

    @property
    def variables(self) -> frozenset[int]:
        """Which segments are variables."""
        return frozenset(index for index, part in enumerate(self.segments) if part is None)

    def matches(self, uri: str) -> bool:
        """Say whether a caller who asks for *uri* asks for this."""
        if not self.variables:
            return uri == self.text
        head = f"{self.scheme}://"
        if len(uri) > MAX_URI or not uri.startswith(head):
            return False
        parts = uri.removeprefix(head).split("/")
        return len(parts) == len(self.segments) and all(
            _is_value(part, is_host=not index) if declared is None else part == declared
            for index, (part, declared) in enumerate(zip(parts, self.segments, strict=True))
        )

    def resembles(self, uri: str) -> bool:
        """Say whether a reader who decodes escapes or folds case could take *uri* for this."""
        declared, asked = self.text.split("/"), uri.split("/")
        return len(declared) == len(asked) and all(
            _VARIABLE.fullmatch(mine) is not None or mine.casefold() == unquote(part).casefold()
            for mine, part in zip(declared, asked, strict=True)
        )

    def overlaps(self, other: ResourceUri) -> bool:
        """Say whether one URI could match both."""
        if not self.variables and not other.variables:
            return self.text == other.text
        return (
            self.scheme == other.scheme
            and len(self.segments) == len(other.segments)
            and all(
                mine is None or yours is None or mine == yours
                for mine, yours in zip(self.segments, other.segments, strict=True)
            )
        )

    def is_narrower(self, other: ResourceUri) -> bool:
        """Say whether this is literal wherever *other* is, and somewhere more."""
        return self.variables < other.variables


def _authority(text: str, path: list[str]) -> str | None:
    if _VARIABLE.fullmatch(text):
        return None
    if _AUTHORITY.fullmatch(text) is None and (text or not any(path)):
        raise NotResourceUri(f"{text!r} is no host in small letters")
    return text


def _path(segments: list[str]) -> list[str | None]:
    """Read the segments of a path; the last may be empty, where it ends in a slash."""
    last = segments[-1:] if segments[-1:] == [""] else []
    named = segments[: len(segments) - len(last)]
    for text in named:
        is_plain = _SEGMENT.fullmatch(text) and text not in _DOTS
        if not is_plain and not _VARIABLE.fullmatch(text):
            raise NotResourceUri(f"{text!r} is no plain segment, and no {{variable}} alone")
    return [*(None if _VARIABLE.fullmatch(text) else text for text in named), *last]


def _is_value(part: str, *, is_host: bool) -> bool:
    """Say whether *part* is how expansion writes the value of a variable (RFC 6570 section 3.2)."""
    if is_host:
        return _HOST.fullmatch(part) is not None
    if not part.isascii():
        return False
    try:
        value = unquote(part, errors="strict")
    except UnicodeDecodeError:
        return False
    return (
        bool(value)
        and quote(value, safe="") == part
        and value.isprintable()
        and value == value.strip()
        and value not in _DOTS
        and _TAKEN_APART.isdisjoint(value)
        # Another reader may fold a full-width stop or slash into the plain one.
        and unicodedata.normalize("NFKC", value) == value
    )
