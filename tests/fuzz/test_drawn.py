"""The same harnesses under Hypothesis: beginnings with pieces exchanged for words."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.kept import inputs_of
from tests.fuzz.parsers import PARSERS, load

LONGEST = 2048
"""Bytes of an input that is changed."""


@cache
def beginnings(parser: str) -> tuple[bytes, ...]:
    """Give what is changed: everything that is kept for *parser* and not long."""
    return tuple(data for _, data in inputs_of(parser) if len(data) <= LONGEST)


@pytest.mark.parametrize("parser", PARSERS)
@given(st.data())
def test_drawn(parser: str, data: st.DataObject) -> None:
    """A few pieces of something sound are others: it is read, or refused as documented."""
    harness = load(parser)
    text = data.draw(st.sampled_from(beginnings(parser)))
    piece = st.one_of(st.sampled_from(harness.WORDS), st.binary(max_size=4))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        text = text[:place] + data.draw(piece) + text[place + data.draw(st.integers(0, 9)) :]

    harness.entry(text)
