"""Paths that a real Envoy tidies before it asks: what is judged is what the upstream gets."""

from __future__ import annotations

import pytest

from tests.support.cases import Case, all_cases
from tests.support.edge import Edge
from tests.support.scope import TIDIED_BY_ENVOY, WITHOUT_BODY

TIDIED = [case for case in all_cases() if case.name in TIDIED_BY_ENVOY]
HEADS = [case for case in all_cases() if case.name in WITHOUT_BODY]


@pytest.mark.parametrize("case", TIDIED, ids=str)
def test_what_is_judged_is_what_runs(case: Case, edge: Edge) -> None:
    """Envoy refuses the path, or the gate judges the very path that then reaches the tool."""
    edge.gate.clock.moment = case.now
    before, lines = len(edge.upstream.seen), len(edge.records())

    response = edge.send_raw(case)

    written, seen = edge.records()[lines:], edge.upstream.seen[before:]
    allowed = [row for row in written if row["verdict"] == "allow"]
    assert [(row["request"]["method"], row["request"]["path"]) for row in allowed] == [
        (each.method, each.path) for each in seen
    ]
    assert (response.status == 200) is bool(allowed)
    assert response.status in {200, 400, 401, 403}
    assert case.principal or not any(row["step"] for row in allowed)


@pytest.mark.parametrize("case", HEADS, ids=str)
def test_refused_head(case: Case, edge: Edge) -> None:
    """A HEAD is refused like a GET, and its answer has no body."""
    response, seen, record = edge.send(case)

    assert (record["reason"], seen) == (case.expect["reason"], [])
    assert response.status in {401, 403}
    assert response.body == b""
