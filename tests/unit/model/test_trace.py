"""`model.trace`: the `traceparent` of W3C Trace Context 1."""

from __future__ import annotations

import pytest

from authz.model.trace import trace_id_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"

VALID = (
    f"00-{TRACE}-{PARENT}-01",
    f"00-{TRACE}-{PARENT}-00",
    f"00-{TRACE}-{PARENT}-ff",
    f"01-{TRACE}-{PARENT}-01",
    f"fe-{TRACE}-{PARENT}-01-what-will-be",
)

INVALID = (
    None,
    "",
    TRACE,
    f"00-{TRACE}-{PARENT}",
    f"00-{TRACE}-{PARENT}-01-more",
    f"00-{TRACE}-{PARENT}-01-",
    f"00-{TRACE}-{PARENT}-1",
    f"00-{TRACE}-{PARENT}-011",
    f"ff-{TRACE}-{PARENT}-01",
    f"0-{TRACE}-{PARENT}-01",
    f"00-{TRACE.upper()}-{PARENT}-01",
    f"00-{'0' * 32}-{PARENT}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"00-{TRACE[:-1]}-{PARENT}-01",
    f"00-{TRACE[:-1]}g-{PARENT}-01",
    f"00-{TRACE}-{PARENT}-01\n",
    f" 00-{TRACE}-{PARENT}-01",
    f"00-{TRACE}-{PARENT}-01,00-{TRACE}-{PARENT}-01",
    f"00_{TRACE}_{PARENT}_01",
)


@pytest.mark.parametrize("text", VALID)
def test_valid(text: str) -> None:
    """The trace id of a valid header is taken over, of versions to come as well."""
    assert trace_id_of(text) == TRACE


@pytest.mark.parametrize("text", INVALID)
def test_invalid(text: str | None) -> None:
    """What is not valid is no trace, so that a new one begins."""
    assert trace_id_of(text) is None
