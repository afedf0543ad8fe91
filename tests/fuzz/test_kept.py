"""What harnesses begin with and what the fuzzer found, fed again without the fuzzer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import harness
from tests.fuzz.kept import CORPUS, inputs_of
from tests.fuzz.limits import TooSlow, feed
from tests.fuzz.parsers import PARSERS, load

MAX_KEPT = 400 * 1024
"""Bytes of the whole corpus: it is kept as small as it can be."""


@pytest.mark.parametrize("parser", PARSERS)
def test_kept(parser: str) -> None:
    """No input ends in anything but a documented refusal, and none takes long."""
    entry = load(parser).entry
    for name, data in inputs_of(parser):
        try:
            feed(entry, data)
        except Exception as found:
            found.add_note(f"fed with {name}")
            raise


def test_the_corpus_is_small() -> None:
    """Every folder of the corpus is of a parser, and all together are small."""
    sizes = [path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()]

    assert {path.name for path in CORPUS.iterdir()} <= {*PARSERS}
    assert sum(sizes) <= MAX_KEPT


def test_every_harness_is_listed() -> None:
    """A module with an entry that is not listed would never be fed."""
    modules = {path.stem for path in Path(harness.__file__).parent.glob("*.py")}

    assert {*PARSERS} == modules - {"__init__", "issuer"}


def test_a_slow_input_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes longer than it may is raised, as an exception would be."""
    monkeypatch.setattr("tests.fuzz.limits.MAX_SECONDS", 0.0)

    with pytest.raises(TooSlow, match="3 bytes"):
        feed(load("json").entry, b"nul")
