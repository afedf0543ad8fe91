"""Every case of `tests/cases` through `decide`, with the signing that the server would do."""

from __future__ import annotations

import pytest

from authz.model.reasons import Reason
from authz.server.decision_point import DecisionPoint
from tests.support.cases import Case, all_cases, answers
from tests.support.direct import Decided, decide_case
from tests.support.expect import (
    answer_differences,
    claims_in,
    differences,
    header_differences,
    token_differences,
)

CASES = all_cases()


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """Each case in turn."""
    found: Case = request.param
    return found


def test_case(case: Case, decision_point: DecisionPoint) -> None:
    """The case is decided, answered, minted and recorded as it says."""
    decided = decide_case(case, decision_point)
    found = [*differences(case, decided.record)]
    if case.expect["reason"] == Reason.ALLOW:
        if case.expect.get("token"):
            found += [*token_differences(case, claims_in(decided.token))]
        found += [*header_differences(case, decided.upstream)]
    else:
        found += [*_answer(case, decided)]

    assert found == [], case.why


def test_every_answer_is_given() -> None:
    """Every named answer is what some case of this or a later version expects."""
    assert {case.expect.get("answer") for case in all_cases()} - {None} == answers().keys()


def _answer(case: Case, decided: Decided) -> list[str]:
    status, headers, body = decided.answer
    expected_code = answers()[case.expect["answer"]]["grpc"]
    code = decided.response.status.code
    return [
        *([] if code == expected_code else [f"grpc code {code}, expected {expected_code}"]),
        *answer_differences(case, decided.record, decided.audience, status, headers, body),
    ]
