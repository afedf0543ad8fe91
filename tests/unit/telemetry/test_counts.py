"""What is counted, added up, and shown."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from authz.model.memo import Memo, living
from authz.model.reasons import Reason, Verdict, verdict_of
from authz.server.decision_point import DecisionPoint
from authz.telemetry.counts import Counts, Kept, MemoSums, Now, Seen, Totals
from authz.telemetry.metrics import Metrics
from tests.support.cases import case_named
from tests.support.direct import KeptRecords, check_of
from tests.support.values import replace

NOW = Now(world="0123456789abcdef", since=940, waiting=2, in_hand=3)


def _told(*totals: Totals, now: tuple[Now, ...] = ()) -> list[str]:
    whole = Totals()
    for each in totals:
        whole = whole.add(each)
    seen = Seen(whole, now, ready=len(now), restarts=4, moment=1000)
    return Metrics(lambda: seen).text().decode().splitlines()


def test_each_reason_is_shown() -> None:
    """Every reason has its row, with the verdict that it stands for."""
    rows = "\n".join(_told(Counts().totals(())))

    for reason in Reason:
        labels = f'reason="{reason}",verdict="{verdict_of(reason)}"'
        assert f"narrowgate_checks_total{{{labels}}} 0.0" in rows


def test_what_is_counted_is_shown() -> None:
    """Two processes are added up: answers, times, memos; what stands now, of those that run."""
    one, other = Counts(), Counts()
    one.decided(Reason.ALLOW, {"read": 500_000, "sign": 250_000}, 900_000)
    other.decided(Reason.ALLOW, {"read": 1_000_000}, 1_000_000)
    other.decided(Reason.OVERLOADED, {}, 3_000_000)
    memo: Memo[str, str] = Memo("tokens", 5)
    memo.keep("a", "b")
    assert memo.find("a") == "b"
    rows = _told(one.totals(()), other.totals([memo]), now=(NOW, replace(NOW, since=900)))

    assert f'narrowgate_checks_total{{reason="allow",verdict="{Verdict.ALLOW}"}} 2.0' in rows
    assert 'narrowgate_checks_total{reason="overloaded",verdict="deny"} 1.0' in rows
    assert 'narrowgate_stage_seconds_total{stage="read"} 1.5' in rows
    assert 'narrowgate_stage_runs_total{stage="read"} 2.0' in rows
    assert 'narrowgate_memo_hits_total{memo="tokens"} 1.0' in rows
    assert 'narrowgate_memo_size{memo="tokens"} 1.0' in rows
    assert 'narrowgate_world{world="0123456789abcdef"} 2.0' in rows
    assert "narrowgate_world_age_seconds 100.0" in rows
    assert "narrowgate_records_waiting 4.0" in rows
    assert "narrowgate_checks_in_hand 6.0" in rows
    assert "narrowgate_workers_ready 2.0" in rows
    assert "narrowgate_worker_restarts_total 4.0" in rows


def test_who_has_ended_stays_counted() -> None:
    """What a process counted stays when it has ended, but that its memos hold something."""
    totals = Totals({"allow": 3}, {"read": (5, 1)}, {"tokens": Kept(7, 2, 9)})

    assert totals.ended() == replace(totals, memos={"tokens": Kept(7, 2, 0)})
    assert totals.ended().add(totals).memos == {"tokens": [14, 4, 9]}


def test_memos_of_a_world_that_is_gone() -> None:
    """Hits of a memo that is gone stay, those of the next of its name are added, none is kept."""
    sums = MemoSums()
    old: Memo[str, str] = Memo("tokens", 5)
    old.keep("a", "b")
    for _ in range(3):
        old.find("a")
    assert sums.with_those([old]) == {"tokens": Kept(3, 0, 1)}
    assert sums.with_those([old]) == {"tokens": Kept(3, 0, 1)}

    number = id(old)
    del old
    gc.collect()
    assert all(id(each) != number for each in living())
    new: Memo[str, str] = Memo("tokens", 5)
    new.find("a")

    assert sums.with_those([new]) == {"tokens": Kept(3, 1, 0)}


def test_living_memos_are_found() -> None:
    """A memo is shown as long as somebody has it."""
    memo: Memo[str, str] = Memo("here", 5)

    assert memo in living()


@pytest.mark.parametrize("name", ["search-allowed", "no-principal", "tool-not-on-list"])
def test_each_check_is_counted(name: str, decision_point: DecisionPoint) -> None:
    """A Check counts once, by the reason of its record, with each stage that the record has."""
    case, records, counts = case_named(name), KeptRecords(), Counts()
    point = replace(decision_point, records=records, clock=lambda: case.now, counts=counts)
    point.answer(check_of(case).SerializeToString(), "out", {})
    totals, (record,) = counts.totals(()), records.rows

    assert {reason: n for reason, n in totals.checks.items() if n} == {record["reason"]: 1}
    stages = {stage for stage, (_, runs) in totals.stages.items() if runs}
    timings = record["stages_us"]
    assert isinstance(timings, dict)
    assert stages == set(timings)


def test_refusals_of_ours_are_counted(decision_point: DecisionPoint) -> None:
    """A fault and an overload count as well."""
    counts = Counts()
    point = replace(decision_point, records=KeptRecords(), counts=counts)
    point.answer(b"\xff", "out", {})
    point.refuse_overload("out")
    checks = counts.totals(()).checks

    assert (checks["fault"], checks["overloaded"], sum(checks.values())) == (1, 1, 2)


def test_nothing_is_loaded_that_nobody_wants() -> None:
    """OpenTelemetry is known to three modules, which are loaded where somebody wants them."""
    room = Path(__file__).parent.parent.parent.parent / "authz"
    users = {
        str(each.relative_to(room))
        for each in room.rglob("*.py")
        if "from opentelemetry" in each.read_text() or "import opentelemetry" in each.read_text()
    }

    assert users == {"telemetry/metrics.py", "telemetry/otlp.py", "telemetry/spans.py"}
