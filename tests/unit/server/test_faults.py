"""What a fault leaves behind: an explicit no, one record, one line in the log, and no secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import pytest

import authz.server.decision_point
from authz._proto.external_auth_pb2 import CheckResponse
from authz.claims.check import TokenTooWide
from authz.model.reasons import Reason
from authz.server.decision_point import DecisionPoint
from authz.telemetry.counts import Counts
from authz.telemetry.logs import open_log
from tests.support.cases import case_named
from tests.support.direct import KeptRecords, check_of, decide_case
from tests.support.values import replace

SECRET = "a-secret-of-somebody"
CASE = case_named("search-allowed")


@pytest.fixture
def records() -> KeptRecords:
    """Records in memory."""
    return KeptRecords()


def test_a_stranger_is_told_apart(decision_point: DecisionPoint, records: KeptRecords) -> None:
    """The record of a caller that is no listed Envoy says so, in words that may stand there."""
    replace(decision_point, records=records).refuse_stranger("tcp")

    (record,) = records.rows
    assert (record["reason"], record["listener"]) == (Reason.FAULT, "tcp")
    assert record["detail"] == "the caller of this port is no Envoy that the listener lists"


def test_an_overload_is_recorded(decision_point: DecisionPoint, records: KeptRecords) -> None:
    """Who is refused unread is on record all the same."""
    answer = replace(decision_point, records=records).refuse_overload("out")
    response = CheckResponse.FromString(answer)

    (record,) = records.rows
    assert (record["reason"], record["status"]) == (Reason.OVERLOADED, 503)
    assert response.denied_response.status.code == 503


def break_deciding(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let every decision fail."""

    def broken(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(authz.server.decision_point, "decide", broken)


def test_a_message_may_hold_a_secret(
    decision_point: DecisionPoint,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of a fault that is not ours, record and log say the type and the place, not the message."""
    break_deciding(monkeypatch, LookupError(SECRET))
    decided = decide_case(CASE, replace(decision_point, log=open_log("error")))
    logged = json.loads(capsys.readouterr().err)

    assert decided.record["detail"] == "LookupError"
    assert decided.answer[0] == 503
    assert (logged["event"], logged["decision"]) == ("fault", decided.record["decision"])
    assert logged["error"] == "LookupError"
    assert SECRET not in f"{decided.record}{decided.response}{logged}"


class Panic(BaseException):
    """What a library in another language may raise: no `Exception`."""


class BrokenCounts(Counts):
    """Counts that fail."""

    def __init__(self, error: type[BaseException]) -> None:
        """Be about to fail with *error*."""
        super().__init__()
        self._error = error

    def decided(self, reason: Reason, stages: Mapping[str, int], microseconds: int) -> None:
        """Fail."""
        raise self._error(reason, stages, microseconds)


FAULTS = (ArithmeticError, Panic)


@pytest.mark.parametrize("error", FAULTS)
@pytest.mark.parametrize("name", ["search-allowed", "no-token"])
def test_what_counts_fails(
    name: str, error: type[BaseException], decision_point: DecisionPoint, records: KeptRecords
) -> None:
    """Where even counting fails there is an answer, an explicit no, and it is the last word."""
    broken = replace(decision_point, counts=BrokenCounts(error), records=records)
    answer = broken.answer(check_of(case_named(name)).SerializeToString(), "out", {})

    assert CheckResponse.FromString(answer).denied_response.status.code == 503
    assert (records.rows[-1]["reason"], records.rows[-1]["detail"]) == ("fault", error.__name__)


@pytest.mark.parametrize("error", FAULTS)
def test_what_counts_refusals_fails(
    error: type[BaseException], decision_point: DecisionPoint, records: KeptRecords
) -> None:
    """That nothing is read of a Check makes no difference."""
    broken = replace(decision_point, counts=BrokenCounts(error), records=records)
    answer = broken.refuse_overload("out")

    assert CheckResponse.FromString(answer).denied_response.status.code == 503
    assert records.rows[-1]["reason"] == "fault"


def test_a_wide_token_between_allows(
    decision_point: DecisionPoint, records: KeptRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal between allows of the same is on record as one, and they as what they are."""
    point = replace(decision_point, records=records, clock=lambda: CASE.now)
    request = check_of(CASE).SerializeToString()

    def too_wide(*_: object) -> NoReturn:
        raise TokenTooWide("it says more than was granted")

    for is_wide in (True, False, False, True, False):
        with monkeypatch.context() as patched:
            if is_wide:
                patched.setattr(authz.server.decision_point, "_token_for", too_wide)
            answer = point.answer(request, "out", {})
        assert (CheckResponse.FromString(answer).status.code == 0) is not is_wide

    told = [(row["verdict"], row["reason"], row["status"]) for row in records.rows]
    wide, allowed = ("deny", "token_too_wide", 200), ("allow", "allow", None)
    assert told == [wide, allowed, allowed, wide, allowed]
    assert [row["token"] is None for row in records.rows] == [True, False, False, True, False]
