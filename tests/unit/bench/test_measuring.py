"""Figures: measured in alternating rounds, told with the digits that count."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from bench.own import tables
from bench.own.command import SUBJECTS, main
from bench.own.measuring import Block, Spread, Variant, alternate
from bench.own.tables import Cell, Table, keep, machine, text_of


def test_rounds_alternate() -> None:
    """Forwards and backwards, each round with the block that was prepared for it."""
    done: list[str] = []

    def variant(name: str) -> Variant:
        return Variant(lambda number: partial(done.append, f"{name}{number}"), times=1)

    found = alternate({"a": variant("a"), "b": variant("b")}, rounds=3)

    assert done == ["a0", "b0", "b1", "a1", "a2", "b2"]
    assert found.keys() == {"a", "b"}


def test_what_a_block_takes_to_prepare_is_not_measured() -> None:
    """By a clock that is put forward by hand: 7 µs to prepare, 6 for two pieces of work."""
    clock = HandMoved()

    def prepare(_number: int) -> Block:
        clock.forward(7_000)
        return partial(clock.forward, 6_000)

    found = alternate({"work": Variant(prepare, times=2)}, rounds=4, clock=clock)

    assert found["work"] == Spread(3, 3, 3)


class HandMoved:
    """A clock that goes when it is moved."""

    def __init__(self) -> None:
        self.now = 0

    def forward(self, nanoseconds: int) -> None:
        """Move it."""
        self.now += nanoseconds

    def __call__(self) -> int:
        """Tell the time."""
        return self.now


def test_spread_is_of_quartiles() -> None:
    """One round that was disturbed changes no figure that is told."""
    assert Spread.of([1, 2, 3, 4, 1000]) == Spread(3, 2, 4)


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, ""), ("allow", "allow"), (1234.5, "1,234"), (85.25, "85.2"), (0.128, "0.13")],
)
def test_three_digits_count(cell: Cell, text: str) -> None:
    """More would promise what was not measured."""
    assert text_of(cell) == text


def test_what_is_kept_says_what_it_was_measured_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As JSON for programs and as Markdown for people, with versions, processor and load."""
    monkeypatch.setattr(tables, "FOLDER", tmp_path / "results")
    table = Table("Decisions", ("decision", "µs"), [("allow", 85.0)], ["A note."])

    keep("decisions", [table], machine())

    told = json.loads((tmp_path / "results/own-decisions.json").read_text())
    words = (tmp_path / "results/own-decisions.md").read_text()
    assert told["tables"][0]["rows"] == [["allow", 85.0]]
    assert {"python", "processor", "load", "packages"} <= told.keys()
    assert "| allow | 85.0 |" in words
    assert "A note." in words
    assert f"Python {told['python']}" in words


def test_an_unknown_subject_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and where the subjects are listed."""
    with pytest.raises(SystemExit) as ended:
        main(["speed"])

    assert ended.value.code == 2
    assert "no subject 'speed'" in capsys.readouterr().err


def test_help_lists_every_subject(capsys: pytest.CaptureFixture[str]) -> None:
    """What can be asked for is told with what it is."""
    with pytest.raises(SystemExit):
        main(["--help"])

    told = capsys.readouterr().out
    assert all(f"{each.name} " in told and each.what in told for each in SUBJECTS)
