"""`model.instant`: whole seconds of UTC."""

from __future__ import annotations

from authz.model.instant import EARLIEST, LATEST, as_datetime


def test_ends_of_the_range() -> None:
    """The range begins with 1970 and ends with 2999, in UTC."""
    assert as_datetime(EARLIEST).isoformat() == "1970-01-01T00:00:00+00:00"
    assert as_datetime(LATEST).isoformat() == "2999-12-31T23:59:59+00:00"
