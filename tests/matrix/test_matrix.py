"""The golden matrix: whoever gains or loses anything in the worked world is seen in a review."""

from __future__ import annotations

from typing import get_args

import pytest

from authz.decide import decide
from authz.directory.compiled import Target, TargetKind
from authz.model.operation import Message, Operation
from authz.model.outcome import NO_ANSWERS, Forwarded, Replied, TurnedAway
from authz.model.reasons import Reason
from authz.server.decision_point import DecisionPoint
from authz.wire.check import read_check, unread_call
from tests.matrix.asking import NOW, PUBLIC, Asked, Cell, ask, check_of
from tests.matrix.changes import summary
from tests.matrix.golden import GOLDEN, RENEW
from tests.matrix.text import read, write
from tests.matrix.what import BY_KIND, Sample, operations
from tests.matrix.who import everyone

NO_REASON = f"{PUBLIC} public"
TOLD = 40
"""Lines of the summary that a failure quotes."""

ELSEWHERE = {
    Reason.UNREADABLE_REQUEST: "every body of the matrix can be read",
    Reason.AMBIGUOUS_REQUEST: "every request of the matrix means one thing",
    Reason.BODY_MISSING: "every POST of the matrix has a body",
    Reason.BODY_TRUNCATED: "no body of the matrix is cut off",
    Reason.TOKEN_TOO_WIDE: "only a mistake of ours brings it about",
    Reason.OVERLOADED: "it is decided before anything is asked",
    Reason.FAULT: "only a fault of ours brings it about",
}
"""Reasons that nobody is told in the matrix, and why; cases and other tests have them."""


@pytest.fixture(scope="module")
def asked(decision_point: DecisionPoint) -> Asked:
    """Everything, asked."""
    return ask(decision_point)


def test_golden(asked: Asked) -> None:
    """The matrix is what the file says, to the letter."""
    said = GOLDEN.read_text()
    if write(asked) == said:
        return
    changed = summary(read(said), asked.matrix) or ["only the words of the file"]
    told = "\n".join(changed[:TOLD] + ([f"and {len(changed) - TOLD} more"] * (len(changed) > TOLD)))
    pytest.fail(f"{GOLDEN.name} says otherwise.\n{told}\nIf that is meant: {RENEW}", pytrace=False)


def test_text_is_the_matrix(asked: Asked) -> None:
    """Nothing is lost between what was answered and what the file tells: it reads back as it is."""
    assert read(write(asked)) == asked.matrix


def test_every_kind_of_operation_is_asked(decision_point: DecisionPoint) -> None:
    """Every kind that the model knows has samples, and each is read as what it is a sample of."""
    targets = decision_point.world.directory.targets.values()
    pairs = [(target, *row) for target in targets for row in operations(target)]

    for target, kind, sample in pairs:
        assert read_as(target, sample, decision_point) is kind, sample.label
    assert (
        {kind for _, kind, _ in pairs}
        == BY_KIND.keys()
        == {*get_args(Operation), Replied, Forwarded}
    )
    assert {target.kind for target in targets} == set(TargetKind)


def read_as(target: Target, sample: Sample, decision_point: DecisionPoint) -> type:
    """Give the kind of operation that step 1 takes *sample* for."""
    nobody = next(everyone(decision_point.world.directory, NOW))
    unread = unread_call("out", decision="d", new_trace="t")
    call = read_check(check_of("", target, sample, nobody), unread, {})
    outcome = decide(call, decision_point.world, NOW, NO_ANSWERS)
    if isinstance(outcome, (Replied, Forwarded)):
        return type(outcome)
    assert isinstance(outcome, TurnedAway)
    return type(outcome.facts.of(Message).operation)


def test_every_reason_is_told_or_said_why_not(asked: Asked) -> None:
    """A new reason is in the matrix, or in the list of those that cannot be."""
    told = {Reason(answer.split()[1]) for answer in asked.matrix.values() if answer != NO_REASON}

    assert told | ELSEWHERE.keys() == set(Reason)
    assert told & ELSEWHERE.keys() == set()


def test_every_target_agent_and_tool_is_asked(asked: Asked, decision_point: DecisionPoint) -> None:
    """Each agent asks for each tool, each by its name."""
    directory = decision_point.world.directory
    seen = {(cell.caller, cell.target, cell.operation) for cell in asked.matrix}

    for agent in directory.agents:
        for target in directory.targets.values():
            named = {*target.tools, *target.routes.listed}
            assert {(agent, target.name, name) for name in named} <= seen


def test_allowed_users_are_named(asked: Asked) -> None:
    """`everybody else` is never said of those who are allowed: a new user is seen to gain."""
    for line in write(asked).splitlines():
        if line.strip().startswith("12  allow"):
            assert not line.endswith(("everybody", "everybody else"))


CELL = Cell("a/b", "c/d", "act", "nobody")
CHANGES = [
    ("9 no_permit", "12 allow docs:read", "gained"),
    ("9 no_permit", "12 allow", "gained"),
    ("12 allow docs:read", "12 allow docs:read docs:write", "gained"),
    ("12 allow docs:read", "12 allow docs:write", "gained"),
    ("12 allow docs:read", "12 allow", "lost"),
    ("12 allow", "9 forbidden", "lost"),
    ("9 no_permit", "9 forbidden", "told otherwise"),
]


@pytest.mark.parametrize(("was", "answer", "kind"), CHANGES)
def test_changes(was: str, answer: str, kind: str) -> None:
    """Whoever passes, or has a scope, that did not before has gained."""
    assert summary({CELL: was}, {CELL: answer}) == [
        f"{kind}: a/b -> c/d, act: {was} => {answer}: nobody"
    ]


def test_new_and_gone() -> None:
    """What was not asked before, and what is not asked any more, is told too."""
    assert summary({}, {CELL: "12 allow"}) == ["new: a/b -> c/d, act: 12 allow: nobody"]
    assert summary({CELL: "12 allow"}, {}) == ["gone: a/b -> c/d, act: 12 allow: nobody"]
    assert summary({CELL: "12 allow"}, {CELL: "12 allow"}) == []
