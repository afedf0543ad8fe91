"""A challenge sends a user to log in, so it is given once for what a login could bring."""

from __future__ import annotations

from typing import Any

import pytest

from authz.model.instant import Instant
from authz.model.needs import Challenged, ChallengeNeeded
from authz.model.reasons import Reason
from authz.server import challenges
from authz.server.challenges import REMEMBERED_SECONDS, Challenges
from authz.server.decision_point import DecisionPoint
from authz.server.needs import NeedAnswers
from tests.support.cases import case_at, case_named
from tests.support.direct import decide_case
from tests.support.values import replace

NEED = ChallengeNeeded(
    "corp/alice", "research/desk", "tools/docs", Reason.INSUFFICIENT_SCOPE, frozenset({"a"}), "c1"
)
OTHER_LOGIN = replace(NEED, credential="c2")
NOW = Instant(1_000)

FIRST, AGAIN = Challenged(before=False), Challenged(before=True)


def test_once() -> None:
    """The login that was challenged may hear it again; another that lacks the same may not."""
    asked = Challenges()

    assert asked.answer(NEED, NOW) == FIRST
    assert asked.answer(NEED, NOW) == FIRST
    assert asked.answer(OTHER_LOGIN, NOW) == AGAIN
    assert asked.answer(replace(NEED, credential="c3"), NOW) == AGAIN


@pytest.mark.parametrize(
    "other",
    [
        {"user": "corp/bob"},
        {"agent": "research/assistant"},
        {"target": "tools/other"},
        {"reason": Reason.STEP_UP_REQUIRED},
        {"scopes": frozenset({"b"})},
    ],
)
def test_for_the_same_only(other: dict[str, Any]) -> None:
    """Another user, agent, target, reason or scope is another question."""
    asked = Challenges()
    asked.answer(NEED, NOW)

    assert asked.answer(replace(OTHER_LOGIN, **other), NOW) == FIRST


def test_forgotten() -> None:
    """After a while a user may have been granted more, and is asked again."""
    asked = Challenges()
    asked.answer(NEED, NOW)

    assert asked.answer(OTHER_LOGIN, Instant(NOW + REMEMBERED_SECONDS - 1)) == AGAIN
    assert asked.answer(OTHER_LOGIN, Instant(NOW + REMEMBERED_SECONDS)) == FIRST
    assert asked.answer(NEED, Instant(NOW + REMEMBERED_SECONDS)) == AGAIN


def test_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are asked, what is remembered is bounded; the oldest is forgotten."""
    monkeypatch.setattr(challenges, "MAX_REMEMBERED", 2)
    asked = Challenges()
    for user in ("a", "b", "c"):
        asked.answer(replace(NEED, user=user), NOW)

    assert asked.answer(replace(OTHER_LOGIN, user="c"), NOW) == AGAIN
    assert asked.answer(replace(OTHER_LOGIN, user="a"), NOW) == FIRST


def test_what_is_asked_again_is_not_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who keeps asking is remembered, and not asked to log in anew for it."""
    monkeypatch.setattr(challenges, "MAX_REMEMBERED", 2)
    asked = Challenges()
    for user in ("a", "b", "a", "c"):
        asked.answer(replace(NEED, user=user), NOW)

    assert asked.answer(replace(OTHER_LOGIN, user="a"), NOW) == AGAIN
    assert asked.answer(replace(OTHER_LOGIN, user="b"), NOW) == FIRST


class Kept(Challenges):
    """Keeps whether it was asked at all."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def answer(self, need: ChallengeNeeded, now: Instant) -> Challenged:
        """Keep who it is about."""
        self.heard.append(f"{need.user} {need.agent} {need.target} {need.reason}")
        return super().answer(need, now)


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        ("user-not-now-oauth", ["corp/alice research/desk tools/docs insufficient_scope"]),
        ("user-never-oauth", []),
        ("user-not-now", []),
    ],
    ids=["a login could cure it", "no login cures it", "an agent that cannot send to log in"],
)
def test_what_is_remembered(name: str, heard: list[str], decision_point: DecisionPoint) -> None:
    """Only a challenge that would be given is remembered, so nobody else fills the memory."""
    kept = Kept()

    decide_case(case_named(name), replace(decision_point, needs=NeedAnswers(challenges=kept)))

    assert kept.heard == heard


def test_refused_again_without_a_challenge(decision_point: DecisionPoint) -> None:
    """A new token that still lacks the scope is refused without sending its user to log in."""
    server = replace(decision_point, needs=NeedAnswers())
    first = case_named("user-not-now-oauth")
    later = case_at("user-not-now-oauth", Instant(first.now + 10))

    challenged, repeated, again = (
        decide_case(case, server).answer for case in (first, first, later)
    )

    assert 'error="insufficient_scope", scope="docs:' in challenged[1]["www-authenticate"]
    assert "www-authenticate" in repeated[1]
    assert again[0] == 403
    assert "www-authenticate" not in again[1]
    assert b"lacks the scope docs:" in again[2]
