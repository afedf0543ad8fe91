"""What a small request may cost: bounds that hold whoever asks. Work is counted, not timed."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from authz.policy.arguments import MAX_VALUES
from authz.server.decision_point import DecisionPoint
from tests.support.cases import Case, case_named
from tests.support.direct import decide_case
from tests.support.values import replace

MEGABYTE = 1_000_000
BODY_BYTES = 250_000


def _with_arguments(arguments: Any, **changes: Any) -> Case:
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "search", "arguments": arguments},
    }
    body = json.dumps(call, separators=(",", ":")).encode()
    assert len(body) < BODY_BYTES
    return replace(case_named("search-allowed"), body=body, **changes)


BOMBS = {
    "a long name over many values": {"k" * 120_000: [0] * 60_000},
    "many values": {"query": "a", "more": [0] * 100_000},
    "long names, nested": {"a" * 3000: {"b" * 3000: {"c" * 3000: [0] * 40_000}}},
}


@pytest.mark.parametrize("principal", ["", "spiffe://example.org/ns/research/sa/research-agent"])
@pytest.mark.parametrize("arguments", BOMBS.values(), ids=BOMBS.keys())
def test_pointers_do_not_explode(
    arguments: dict[str, Any], principal: str, decision_point: DecisionPoint
) -> None:
    """However names and values are arranged in a body, deciding on it takes a few megabytes."""
    case = _with_arguments(arguments, principal=principal)
    tracemalloc.start()
    try:
        decided = decide_case(case, decision_point)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert decided.record["verdict"] != "allow"
    assert peak < 40 * MEGABYTE
    assert len(json.dumps(decided.record)) < 40_000


def test_as_many_values_as_are_judged(decision_point: DecisionPoint) -> None:
    """The bound is on values: one fewer is judged by policy, one more is no argument."""
    for values, reason in ((MAX_VALUES - 3, "forbidden"), (MAX_VALUES, "bad_argument")):
        case = _with_arguments({"query": "a", "more": [0] * values})

        assert decide_case(case, decision_point).record["reason"] == reason


NUMBERS = {
    "1e400": "bad_argument",
    "1e999999999": "bad_argument",
    "1e-999999999": "bad_argument",
    "-1e999999999": "bad_argument",
    "0.5": "bad_argument",
    "9007199254740991": "allow",
    "9007199254740992": "bad_argument",
    "9007199254740993": "bad_argument",
    "9223372036854775808": "bad_argument",
    "1e2": "allow",
    "1.0": "allow",
    "9" * 4000: "bad_argument",
    "9" * 5000: "unreadable_request",
}


@pytest.mark.parametrize(("number", "reason"), NUMBERS.items(), ids=lambda text: text[:20])
def test_numbers(number: str, reason: str, decision_point: DecisionPoint) -> None:
    """A number that readers could differ over is never allowed, and none is expensive."""
    case = _with_arguments({"query": "a", "limit": 1})
    case = replace(case, body=case.body.replace(b'"limit":1', b'"limit":' + number.encode()))

    assert decide_case(case, decision_point).record["reason"] == reason
