"""Every case through a real Envoy and through the server directly: the same, to the byte."""

from __future__ import annotations

from typing import Any

import pytest

from authz.model.reasons import Reason
from authz.server.decision_point import DecisionPoint
from tests.support.cases import Case, all_cases
from tests.support.direct import Decided, decide_case
from tests.support.edge import Edge
from tests.support.envoy import TARGET_HEADER
from tests.support.expect import (
    CAN_DIFFER,
    answer_differences,
    claims_in,
    differences,
    header_differences,
    token_differences,
)
from tests.support.scope import reaches_the_gate
from tests.support.upstream import Seen

CASES = [case for case in all_cases() if reaches_the_gate(case)]
ENVOYS_OWN = {
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-request-id",
    "x-envoy-expected-rq-timeout-ms",
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case: Case, edge: Edge, decision_point: DecisionPoint) -> None:
    """Verdict, reason, step, legs, policies, answer and upstream bytes are those of `decide`."""
    direct = decide_case(case, decision_point)

    response, seen, record = edge.send(case)

    assert [*differences(case, record)] == [], case.why
    assert _comparable(record) == _comparable(direct.record)
    if case.expect["reason"] == Reason.ALLOW:
        assert response.status == 200
        assert _allowed(case, direct, seen) == []
    else:
        assert seen == []
        assert [
            *answer_differences(
                case, record, direct.audience, response.status, response.headers, response.body
            )
        ] == []
        assert _without_ids(response.body, record) == _without_ids(direct.answer[2], direct.record)


def test_enough_cases_are_compared() -> None:
    """The number of compared cases is printed, and never shrinks unnoticed."""
    print(f"parity: {len(CASES)} cases through a real Envoy and through decide")

    assert len(CASES) == 237


def _allowed(case: Case, direct: Decided, seen: list[Seen]) -> list[str]:
    (request,) = seen
    found = [*header_differences(case, request.by_name)]
    if direct.record["token"] is None:
        found += ["authorization"] * ("authorization" in request.by_name)
    else:
        token = request.by_name["authorization"].removeprefix("Bearer ")
        found += token_differences(case, claims_in(token))
    if (request.method, request.path, request.body) != (case.method, case.path, case.body):
        found.append("method, path or body changed on the way")
    expected = {
        name: value
        for name, value in direct.upstream.items()
        if name not in {"authorization", "x-narrowgate-decision", TARGET_HEADER}
    }
    for name, value in expected.items():
        if request.by_name.get(name) != value:
            found.append(f"{name}: {request.by_name.get(name)}, directly {value}")
    known = {*direct.upstream, *ENVOYS_OWN, "host", "content-length", TARGET_HEADER}
    return [*found, *(f"{name} appeared" for name in request.by_name.keys() - known)]


def _comparable(record: Any) -> dict[str, Any]:
    told = dict(record)
    told["token"] = told["token"] and {k: v for k, v in told["token"].items() if k != "jti"}
    return {key: value for key, value in told.items() if key not in CAN_DIFFER}


def _without_ids(body: bytes, record: Any) -> bytes:
    return body.replace(record["decision"].encode(), b"<decision>")
