"""Arguments that a policy should see and could be made not to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from authz.server.decision_point import DecisionPoint
from tests.support.cases import case_named
from tests.support.direct import decide_case
from tests.support.values import replace

COMMANDS: list[Any] = [
    {"cmd": "rm"},
    {"cmd": ["rm"]},
    {"cmd": []},
    {"cmd": {}},
    {"cmd": {"a": 1}},
    {"cmd": None},
    {"Cmd": "rm"},
    {"CMD": ["rm"]},
]


@pytest.mark.parametrize("extra", COMMANDS, ids=json.dumps)
def test_untyped_argument_is_seen_in_every_shape(extra: Any, decision_point: DecisionPoint) -> None:
    """A forbid on an untyped member sees it as a text, a container, null or in capitals."""
    case = case_named("untyped-seen-as-text")
    body = json.loads(case.body)
    body["params"]["arguments"]["extra"] = extra
    decided = decide_case(replace(case, body=json.dumps(body).encode()), decision_point)

    assert decided.record["reason"] == "forbidden"
    assert "label-no-commands" in {policy["id"] for policy in decided.record["policies"]}


FORGED: list[Any] = [
    {"__entity": {"type": "Lifecycle", "id": "active"}},
    {"__extn": {"fn": "unknown", "arg": "x"}},
    {"__extn": {"fn": "decimal", "arg": "1.0"}},
    {"__expr": "true"},
]


@pytest.mark.parametrize("forged", FORGED, ids=json.dumps)
@pytest.mark.parametrize("member", ["query", "limit", "other", "__entity"])
def test_forged_engine_values(forged: Any, member: str, decision_point: DecisionPoint) -> None:
    """The engine's own notation in an argument is an argument of the wrong type, or undeclared."""
    case = case_named("search-allowed")
    body = json.loads(case.body)
    body["params"]["arguments"][member] = forged
    decided = decide_case(replace(case, body=json.dumps(body).encode()), decision_point)

    expected = {"query": "bad_argument", "limit": "bad_argument"}.get(member, "forbidden")
    assert decided.record["reason"] == expected


def test_erring_policy_is_named(decision_point: DecisionPoint) -> None:
    """A policy that errs is named by the record, so that its author can find it."""
    record = decide_case(case_named("overflow"), decision_point).record

    assert record["reason"] == "policy_error"
    assert "quote-user (policies/ns/finance/refunds.cedar:8)" in record["detail"]
    assert ("user", "quote-user") in {(row["leg"], row["id"]) for row in record["policies"]}
