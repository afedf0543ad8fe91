"""The same harnesses under Hypothesis: beginnings with pieces exchanged for words."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.kept import inputs_of
from tests.fuzz.parsers import PARSERS, Harness, load

LONGEST = 2048
"""Bytes of an input that is changed."""

HALF = settings.get_current_profile_name() == "everyday"
"""The fuzzer goes further; here it is the everyday run that must not become longer."""


@dataclass(frozen=True)
class Fed:
    """A parser, and what is changed: everything that is kept for it and not long."""

    harness: Harness
    beginnings: tuple[bytes, ...]


@pytest.fixture(scope="module", params=PARSERS)
def fed(request: pytest.FixtureRequest) -> Fed:
    """Give one parser after the other."""
    inputs = (data for _, data in inputs_of(request.param) if len(data) <= LONGEST)
    return Fed(load(request.param), tuple(inputs))


@settings(max_examples=settings().max_examples // (2 if HALF else 1))
@given(st.data())
def test_drawn(fed: Fed, data: st.DataObject) -> None:
    """A few pieces of something sound are others: it is read, or refused as documented."""
    text = data.draw(st.sampled_from(fed.beginnings))
    piece = st.one_of(st.sampled_from(fed.harness.WORDS), st.binary(max_size=4))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        text = text[:place] + data.draw(piece) + text[place + data.draw(st.integers(0, 9)) :]

    fed.harness.entry(text)
