"""W3C trace context: reading a `traceparent` (Trace Context 1, section 3.2)."""

from __future__ import annotations

import re

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


def trace_id_of(traceparent: str | None) -> str | None:
    """Give the trace id (32 hex digits); None where there is no valid one."""
    match = _TRACEPARENT.fullmatch(traceparent or "")
    if match is None:
        return None
    version, trace_id, parent_id, rest = match.groups()
    if version == "ff" or (version == "00" and rest):
        return None
    return None if set(trace_id) == {"0"} or set(parent_id) == {"0"} else trace_id
