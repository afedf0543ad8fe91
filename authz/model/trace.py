"""W3C trace context: reading a `traceparent` (Trace Context 1, section 3.2)."""

from __future__ import annotations

import re
from typing import NamedTuple

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_SAMPLED = 0x01


class Parent(NamedTuple):
    """The span that something was asked from, by the word of whoever asked."""

    trace: str
    """32 hex digits, not all 0."""

    span: str
    """16 hex digits, not all 0."""

    sampled: bool


def parent_of(traceparent: str | None) -> Parent | None:
    """Read *traceparent*; None where it is not well-formed."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if match is None:
        return None
    version, trace, span, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest):
        return None
    if trace == _NO_TRACE or span == _NO_SPAN:
        return None
    return Parent(trace, span, bool(int(flags, 16) & _SAMPLED))


def trace_id_of(traceparent: str | None) -> str | None:
    """Give the trace id (32 hex digits); None where there is no valid one."""
    parent = parent_of(traceparent) if traceparent else None
    return parent.trace if parent else None
