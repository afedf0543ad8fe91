"""A step left out, or a token described wrongly, never ends in an allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import authz.decide
import authz.steps.token
from authz.claims.describe import TokenClaims
from authz.decide import STEPS, Step
from authz.model.instant import Instant
from authz.model.principals import Actor
from authz.model.reasons import Reason
from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from tests.support.cases import Case, all_cases, case_named
from tests.support.direct import decide_case
from tests.support.values import replace

REFUSED = [case for case in all_cases() if case.expect["reason"] != "allow"]


TABLES = ("READING", "CLEARING", "GRANTING")


@pytest.fixture
def fresh(decision_point: DecisionPoint) -> DecisionPoint:
    """The same, but nothing is kept of earlier decisions."""
    in_force = decision_point.worlds.now
    worlds = CurrentWorld(replace(in_force.world), in_force.keys)
    return replace(decision_point, worlds=worlds)


def _put(step: Step, rows: tuple[Step, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let *rows* stand in the tables where *step* stands."""
    for name in TABLES:
        table = getattr(authz.decide, name)
        changed = tuple(row for each in table for row in (rows if each is step else (each,)))
        monkeypatch.setattr(authz.decide, name, changed)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.take.__name__)
def test_step_left_out(step: Step, fresh: DecisionPoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one row of the table no call is allowed at all: the token misses what it learned."""
    decision_point = fresh
    _put(step, (), monkeypatch)

    for name in ("search-allowed", "session-without-user", "two-hops"):
        assert decide_case(case_named(name), decision_point).record["reason"] == Reason.FAULT
    for case in REFUSED:
        assert decide_case(case, decision_point).response.status.code != 0, case.name


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.take.__name__)
def test_step_that_answers_nothing(
    step: Step, fresh: DecisionPoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that answers neither passed nor refused is a fault."""
    broken: Any = lambda _given, _facts: None  # noqa: E731
    _put(step, (Step(step.number, broken),), monkeypatch)

    assert decide_case(case_named("search-allowed"), fresh).record["reason"] == Reason.FAULT


OTHER = Actor("spiffe://example.org", "spiffe://example.org/ns/finance/sa/payer")

WIDER: dict[str, Callable[[TokenClaims], TokenClaims]] = {
    "another subject": lambda claims: replace(claims, subject="corp/root"),
    "the plain subject": lambda claims: replace(claims, subject="alice"),
    "another audience": lambda claims: replace(claims, audience="https://other.example"),
    "another issuer": lambda claims: replace(claims, issuer="https://other.example"),
    "another client": lambda claims: replace(claims, client_id=OTHER.sub),
    "another token id": lambda claims: replace(claims, token_id="1"),
    "a scope more": lambda claims: replace(claims, scopes=claims.scopes | {"docs:write"}),
    "a second more": lambda claims: replace(claims, expires=Instant(claims.expires + 1)),
    "a million seconds more": lambda claims: replace(
        claims, expires=Instant(claims.expires + 1_000_000)
    ),
    "issued ahead": lambda claims: replace(claims, issued=Instant(claims.issued + 1)),
    "no chain": lambda claims: replace(claims, actors=()),
    "a longer chain": lambda claims: replace(claims, actors=(*claims.actors, OTHER)),
    "another chain": lambda claims: replace(claims, actors=(OTHER,)),
    "a chain turned round": lambda claims: replace(claims, actors=(*claims.actors[::-1], OTHER)),
    "a login of its own": lambda claims: replace(claims, acr="urn:example:mfa"),
    "a login time": lambda claims: replace(claims, auth_time=claims.issued),
}
CALLS = ("search-allowed", "two-hops", "subject-none", "session-with-user", "short-rest")
HARMLESS = {("subject-none", "no chain")}
"""A call without a user has no chain to lose."""


@pytest.mark.parametrize("widen", WIDER.items(), ids=lambda row: row[0])
@pytest.mark.parametrize("name", CALLS)
def test_token_described_wrongly(
    name: str,
    widen: tuple[str, Callable[[TokenClaims], TokenClaims]],
    fresh: DecisionPoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the description says too much, the self-check finds in the signed bytes."""
    what, change = widen
    if (name, what) in HARMLESS:
        return
    describe = authz.steps.token.describe_claims
    monkeypatch.setattr(
        authz.steps.token, "describe_claims", lambda given, facts: change(describe(given, facts))
    )
    case: Case = case_named(name)
    decided = decide_case(case, fresh)

    assert decided.record["reason"] == Reason.TOKEN_TOO_WIDE
    assert decided.response.status.code == 7
    assert not decided.response.ok_response.headers
