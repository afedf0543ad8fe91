"""One instant of UTC, in whole seconds, as NumericDate of RFC 7519 counts them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NewType

Instant = NewType("Instant", int)

EARLIEST = Instant(0)
"""1970-01-01: the time that stands for "never", so that no freshness rule is met."""

LATEST = Instant(32_503_679_999)
"""The last second of the year 2999. Cedar's `durationSince` overflows far beyond it."""


def as_datetime(moment: Instant) -> datetime:
    """Give *moment* as an aware UTC datetime."""
    return datetime.fromtimestamp(moment, UTC)
