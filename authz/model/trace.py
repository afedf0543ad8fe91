"""W3C trace context: reading a `traceparent` (Trace Context 1, section 3.2)."""

from __future__ import annotations

import re
from typing import NamedTuple

_TRACEPARENT = re.compile(
    r"(?!ff|00-.{52}-)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"
    r"(?:-.*)?"
)
"""Version `ff` is none, version `00` ends with the flags, and no id is all 0."""

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
    trace, span, flags = match.groups()
    return Parent(trace, span, bool(int(flags, 16) & _SAMPLED))


def trace_id_of(traceparent: str | None) -> str | None:
    """Give the trace id (32 hex digits); None where there is no valid one."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    return match[1] if match else None
