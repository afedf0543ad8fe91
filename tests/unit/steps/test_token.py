"""`steps.token`: no token without what every step learned, and none wider than all of it."""

from __future__ import annotations

from typing import get_args, get_origin, get_type_hints

import pytest

from authz.decide import STEPS
from authz.directory.compiled import TokenMode
from authz.model.call import Call
from authz.model.clearance import Clearance
from authz.model.instant import Instant
from authz.model.operation import Message, Protocol, ToolCall
from authz.model.outcome import NO_ANSWERS, Facts, Passed
from authz.model.principals import Actor, Caller, Hop, UserAlone
from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES
from authz.model.spiffe import SpiffeId
from authz.policy.question import Judgement
from authz.server.decision_point import DecisionPoint
from authz.steps.ceilings import UserScopes
from authz.steps.given import Asked, Credential, Given, Grant, Held, Link, NoToken, Route
from authz.steps.policy import NothingAsked
from authz.steps.public import NotPublic
from authz.steps.suspension import NobodySuspended
from authz.steps.token import CLEARED, describe_token
from authz.wire.check import unread_call
from tests.support.values import replace

WORKLOAD = SpiffeId.parse("spiffe://example.org/ns/research/sa/research-agent")
CALLER = Caller(WORKLOAD, Hop("research/research-agent", Actor(WORKLOAD.authority, str(WORKLOAD))))
CALL: Call = unread_call("out", decision="d", new_trace="t")


def learned(decision_point: DecisionPoint, token: TokenMode = TokenMode.MINT) -> list[object]:
    """Give one fact of each kind: what every step before the last learns."""
    directory = decision_point.world.directory
    target = replace(directory.targets["tools/docs"], token=token)
    return [
        CALL,
        Route(target),
        NotPublic(),
        Message(Protocol.MCP, ToolCall("search", {}), 1),
        CALLER,
        Credential(None),
        NobodySuspended(),
        Link(target, directory.agents[CALLER.hop.agent].connections[target.name]),
        Asked(None, frozenset({"docs:read", "docs:write"})),
        Held({}),
        UserScopes(NO_SCOPES),
        Judgement(Reason.ALLOW, granted=frozenset({"docs:write", "docs:status"})),
        NothingAsked(),
    ]


def test_every_step_is_asked_for() -> None:
    """What a step of the table learns is a thing without which there is no token."""
    hints = [get_type_hints(step.take)["return"] for step in STEPS]
    answers = [answer for hint in hints for answer in (hint, *get_args(hint))]
    kinds = {kind for each in answers if get_origin(each) is Passed for kind in get_args(each)}

    assert kinds - {UserAlone} | {Call} == {*CLEARED, Grant, NoToken}


def test_no_token_for_a_user_alone(decision_point: DecisionPoint) -> None:
    """Where no agent asks nothing is minted yet: a fault, never a token of nobody."""
    given = Given(CALL, decision_point.world, Instant(1), NO_ANSWERS)
    rest = [fact for fact in learned(decision_point) if type(fact) is not Caller]

    with pytest.raises(KeyError):
        describe_token(given, Facts(*rest, UserAlone()))


@pytest.mark.parametrize("token", TokenMode)
@pytest.mark.parametrize("kind", CLEARED)
def test_without_one_fact(kind: type, token: TokenMode, decision_point: DecisionPoint) -> None:
    """Where one step did not speak, nothing is let through: a fault, never an allow."""
    given = Given(CALL, decision_point.world, Instant(1), NO_ANSWERS)
    rest = [fact for fact in learned(decision_point, token) if type(fact) is not kind]

    assert len(rest) == len(CLEARED) - 1
    with pytest.raises(KeyError):
        describe_token(given, Facts(*rest))


def test_scopes_are_an_intersection(decision_point: DecisionPoint) -> None:
    """A token has what is required and granted: neither what is only the one nor only the other."""
    given = Given(CALL, decision_point.world, Instant(1), NO_ANSWERS)
    answer = describe_token(given, Facts(*learned(decision_point)))

    assert isinstance(answer, Passed)
    assert isinstance(answer.fact, Grant)
    assert answer.fact.claims.scopes == {"docs:write"}


def test_no_token_where_none_is_taken(decision_point: DecisionPoint) -> None:
    """A target that takes no token gets none, and every other target gets one."""
    given = Given(CALL, decision_point.world, Instant(1), NO_ANSWERS)

    assert describe_token(given, Facts(*learned(decision_point, TokenMode.NONE))) == Passed(
        NoToken()
    )


def test_a_token_ends_with_the_clearance(decision_point: DecisionPoint) -> None:
    """What proved who asks may end sooner than the user's credential, and than a token of ours."""
    until = Instant(5)
    clearance = Clearance(Facts(), Facts(), since=Instant(0), until=until)
    given = Given(CALL, decision_point.world, Instant(1), NO_ANSWERS)
    answer = describe_token(given, Facts(clearance, *learned(decision_point)))

    assert isinstance(answer, Passed)
    assert isinstance(answer.fact, Grant)
    assert answer.fact.claims.expires == until
    assert answer.fact.inputs.until == until
