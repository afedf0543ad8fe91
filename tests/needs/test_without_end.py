"""A decision that asks without end is a fault, after a few questions and whatever it asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count

import pytest

import authz.server.decision_point
from authz.model.needs import KeysNeeded, Need
from authz.model.reasons import Reason
from authz.server.decision_point import MAX_NEEDS, DecisionPoint
from tests.needs.asking import Answerer, Asking
from tests.support.cases import case_named
from tests.support.direct import decide_case

CASE = case_named("search-allowed")
ENOUGH = 50


def asking_for(
    monkeypatch: pytest.MonkeyPatch, need: Callable[[Mapping[Need, object]], Need]
) -> None:
    """Let every decision end in a need; a server that goes on asking is stopped."""
    tries = count(1)

    def decide(_call: object, _world: object, _now: object, answers: Mapping[Need, object]) -> Need:
        if next(tries) > ENOUGH:
            raise RecursionError
        return need(answers)

    monkeypatch.setattr(authz.server.decision_point, "decide", decide)


def reason(server: DecisionPoint) -> str:
    """Ask once."""
    decided = decide_case(CASE, server)
    assert decided.answer[0] == 503
    assert decided.record["detail"] == "a decision asks without end"
    return str(decided.record["reason"])


def test_the_same_again(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was answered is not asked again."""
    answerer = Answerer()
    asking_for(monkeypatch, lambda _answers: KeysNeeded("corp"))

    assert reason(ask(answerer)) == Reason.FAULT
    assert answerer.heard == [KeysNeeded("corp")]


def test_ever_another(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is it asked for ever."""
    answerer, numbers = Answerer(), count()
    asking_for(monkeypatch, lambda _answers: KeysNeeded(f"issuer-{next(numbers)}"))

    assert reason(ask(answerer)) == Reason.FAULT
    assert len(answerer.heard) == MAX_NEEDS
