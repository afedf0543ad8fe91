"""A recorded decision, made again from its record alone, is the same, or says what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from authz.commands.replay import replay
from authz.identity.keys import KeySet
from authz.model.reasons import Reason
from authz.server.decision_point import DecisionPoint
from authz.sources.declared import read_policies
from authz.world import World
from tests.support.cases import Case, all_cases, case_named
from tests.support.direct import decide_case
from tests.support.values import replace

MASKED = {
    "mirror-of-argument",
    "overflow",
    "path-inside",
    "path-outside",
    "policy-header",
    "prompt",
    "prompt-argument",
    "prompt-completed",
    "prompt-completed-of-salaries",
    "unsafe-integer",
}
"""Cases that were decided by what no record may hold: these values are not opened."""

CASES = all_cases()


@pytest.fixture(scope="module")
def world(home: Path) -> World:
    """The worked world, read without any keys."""
    directory, policies, _ = read_policies(home)
    return World("", directory, policies, {}, KeySet(()))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_same(case: Case, decision_point: DecisionPoint, world: World) -> None:
    """Verdict, reason, step and policies are as recorded."""
    record = decide_case(case, decision_point).record

    again = replay(record, world)

    assert not again.differs, again.differs
    assert not again.missing or case.name in MASKED


def test_what_masks_prevent(decision_point: DecisionPoint, world: World) -> None:
    """Most records hold all that policy looked at; the others name the policies that look."""
    prevented = {
        case.name
        for case in CASES
        if replay(decide_case(case, decision_point).record, world).missing
    }

    assert prevented == MASKED


def test_what_is_not_decided(decision_point: DecisionPoint, world: World) -> None:
    """A fault decided nothing, so there is nothing to make again."""
    decision_point.refuse_stranger("out")
    record = decision_point.records.rows[-1]  # type: ignore[attr-defined]

    again = replay(record, world)

    assert record["reason"] == Reason.FAULT
    assert (again.trial, again.missing[:19]) == (None, "nothing was decided")


def test_a_public_answer(decision_point: DecisionPoint, world: World) -> None:
    """What was answered from the directory is answered again."""
    case = replace(
        CASES[0],
        target="tools/docs",
        host="docs.tools.svc.cluster.local",
        method="GET",
        path="/.well-known/oauth-protected-resource/mcp",
        headers=(),
        body=b"",
    )
    record = decide_case(case, decision_point).record

    again = replay(record, world)

    assert (record["step"], record["reason"]) == (0, "allow")
    assert (again.differs, again.missing) == ((), "")


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "no_such_reason"},
        {"operation": {"kind": "tool_call"}},
        {"peer": None},
        {"subject": {"groups": 7}},
        {"time": "yesterday"},
        {"time": 10**400},
        {"headers": 7},
    ],
    ids=str,
)
def test_what_is_no_record(
    change: dict[str, Any], decision_point: DecisionPoint, world: World
) -> None:
    """A line that is no record of this version is said to be none; nothing breaks."""
    record = {**decide_case(case_named("two-hops"), decision_point).record, **change}

    assert replay(record, world).missing == "it is no record of this version"


def test_an_empty_object_is_no_record(world: World) -> None:
    """Nothing at all is no record either."""
    assert replay({}, world).missing == "it is no record of this version"
