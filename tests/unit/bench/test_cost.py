"""The guard against dearer decisions turns red for what got dearer, and says where."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from authz.model.pointer import extend
from bench.cost import __main__ as command
from bench.cost import baseline
from bench.cost.baseline import Count, Counted, changes
from bench.cost.callgrind import CannotCount, by_library, find_valgrind, run_counted
from bench.cost.calls import count_calls
from bench.cost.counted import COUNTED
from tests.support.values import replace

BEFORE = Counted(
    {"python": "3.11"},
    {
        "warm": Count(
            {"python": 600, "cedarpy": 400}, {"authz.decide.decide": 1, "jwt (package)": 2}
        ),
        "cold": Count({"python": 2000}, {"authz.decide.decide": 1}),
    },
)

DUMP = """\
version: 1
events: Ir

ob=(1) /usr/lib/libpython3.11.so.1.0
fl=(1) ceval.c
fn=(1) _PyEval_EvalFrameDefault
10 700
+2 50
cob=(2) /x/.venv/lib/python3.11/site-packages/cedarpy/_internal.abi3.so
cfi=(2) lib.rs
cfn=(2) authorize
calls=3 20
* 5000
12 1

ob=(2)
fl=(2)
fn=(2)
20 4000
-3 1000

totals: 5751
"""

TWO_BLOCKS = """\
from bench.cost.callgrind import count_instructions
from tests.support.values import replace

def times(number):
    return lambda: [sum(range(100)) for _ in range(number)]

count_instructions([times(200), times(400)])
"""


def with_warm(count: Count) -> Counted:
    return replace(BEFORE, scenarios={**BEFORE.scenarios, "warm": count})


def test_dearer_is_named_with_its_reasons() -> None:
    """A tenth more is too dear, and what is called more often is named, ours first."""
    calls = {"authz.decide.decide": 2, "jwt (package)": 9}
    after = with_warm(Count({"python": 700, "cedarpy": 400}, calls))

    warm, cold = changes(BEFORE, after)

    assert warm.is_too_dear
    assert [*warm.reasons()] == [
        "+100 instructions in python",
        "+1 calls of authz.decide.decide",
        "+7 calls of jwt (package)",
    ]
    assert not cold.is_too_dear


@pytest.mark.parametrize(
    ("instructions", "is_too_dear", "is_cheaper"),
    [(1000, False, False), (1080, False, False), (1081, True, False), (919, False, True)],
)
def test_thresholds(instructions: int, is_too_dear: bool, is_cheaper: bool) -> None:  # noqa: FBT001
    """What the counting itself may vary by passes; what was gained is to be kept."""
    warm, _ = changes(BEFORE, with_warm(Count({"python": instructions}, {})))

    assert (warm.is_too_dear, warm.is_cheaper) == (is_too_dear, is_cheaper)


def test_baseline_is_read_as_it_was_written() -> None:
    """What `--renew` writes is what the next run compares with."""
    assert baseline.read(baseline.as_text(BEFORE)) == BEFORE


def test_committed_baseline_is_of_these_scenarios() -> None:
    """A scenario that is counted but not in the baseline would never be guarded."""
    kept = baseline.read(baseline.FILE.read_text())

    assert tuple(kept.scenarios) == COUNTED


@pytest.mark.parametrize(
    ("ci", "code"), [pytest.param("true", 2, id="in CI"), pytest.param(None, 0, id="elsewhere")]
)
def test_another_machine_compares_nothing(
    ci: str | None, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counts of another Python say nothing: told, and an error where it was to be guarded."""
    monkeypatch.delenv("CI", raising=False)
    if ci:
        monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(command, "count", lambda _options: BEFORE)

    assert command.main([]) == code
    assert "the baseline was counted with" in capsys.readouterr().out


@pytest.mark.parametrize(("more", "code"), [(1.0, 0), (1.2, 1)])
def test_exit_code(
    more: float,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Dearer than the file says is exit code 1, with the scenario named."""
    file = tmp_path / "baseline.json"
    file.write_text(baseline.as_text(BEFORE))
    monkeypatch.setattr(baseline, "FILE", file)
    dearer = with_warm(Count({"python": int(1000 * more)}, {}))
    monkeypatch.setattr(command, "count", lambda _options: dearer)

    assert command.main([]) == code
    assert ("DEARER" in capsys.readouterr().out) is (code == 1)


def test_a_dump_is_added_up_by_library() -> None:
    """What a function costs itself counts, not what it calls, which is counted where it is."""
    assert by_library(DUMP) == {"libpython3": 751, "cedarpy": 5000}


def test_calls_are_counted_by_name() -> None:
    """Ours by name, others by package, and each a decision."""

    def block() -> None:
        for _ in range(4):
            extend("", "one")
            json.dumps("text")  # `dumps` and `encode`

    counted = count_calls(block, decisions=4)

    assert counted["authz.model.pointer.extend"] == 1
    assert counted["json (package)"] == 2


def test_instructions_are_counted_block_by_block(tmp_path: Path) -> None:
    """Under valgrind itself: twice the work is twice the instructions."""
    try:
        find_valgrind()
    except CannotCount as why:
        pytest.skip(str(why))

    once, twice = run_counted([sys.executable, "-c", TWO_BLOCKS], tmp_path)

    ratio = sum(by_library(twice).values()) / sum(by_library(once).values())
    assert ratio == pytest.approx(2, rel=0.02)
