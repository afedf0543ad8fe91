"""Opaque tokens: what their issuer says is believed as far as a token of its own would be."""

from __future__ import annotations

from typing import Any

import pytest

from authz.model.needs import Inactive, Introspected, IntrospectionNeeded, Unanswered
from authz.model.reasons import Reason
from authz.server.decision_point import DecisionPoint
from tests.needs.asking import Answerer, Asking, members, with_credential
from tests.support.cases import case_named
from tests.support.direct import Decided, decide_case

CASE = case_named("search-allowed")
TOKEN = "opaque-0123456789"
OURS = "https://gate.example.org"


def told(answer: object, ask: Asking, token: str = TOKEN) -> tuple[Decided, Answerer]:
    """Send the allowed search with an opaque token that its issuer says *answer* of."""
    answerer = Answerer({IntrospectionNeeded("corp", token): answer})
    return decide_case(with_credential(CASE, token), ask(answerer)), answerer


def test_active(ask: Asking) -> None:
    """An active token for us is as good as a signed one, and ends no later than it says."""
    decided, answerer = told(Introspected(members(CASE, exp=CASE.now + 20)), ask)

    assert decided.record["reason"] == Reason.ALLOW
    assert decided.record["user"] == "corp/alice"
    assert decided.record["token"]["exp"] == CASE.now + 20
    assert answerer.heard == [IntrospectionNeeded("corp", TOKEN)]


def test_scopes_are_the_answers(ask: Asking) -> None:
    """What the issuer does not list, the token does not carry."""
    decided, _ = told(Introspected(members(CASE, scope="docs:write")), ask)

    assert decided.record["reason"] == Reason.INSUFFICIENT_SCOPE


REJECTED: dict[str, dict[str, Any]] = {
    "for somebody else": {"aud": "https://other.example"},
    "for nobody": {"aud": None},
    "without an end": {"exp": None},
    "ended now": {"exp": CASE.now},
    "not yet good": {"nbf": CASE.now + 31},
    "another issuer's": {"iss": "https://login.example.net"},
    "without a user": {"sub": None},
    "of a workload": {"sub": "spiffe://example.org/ns/a/sa/b"},
    "bound to a key": {"cnf": {"jkt": "x"}},
    "DPoP": {"token_type": "DPoP"},
    "of a type that is no text": {"token_type": 7},
    "scopes in a list": {"scope": ["docs:read"]},
    "groups in one text": {"groups": "researchers"},
}


@pytest.mark.parametrize("changed", REJECTED.values(), ids=REJECTED)
def test_rejected(changed: dict[str, Any], ask: Asking) -> None:
    """Active is not enough: every claim is checked as in a signed token."""
    decided, _ = told(Introspected(members(CASE, **changed)), ask)

    assert decided.record["reason"] == Reason.CREDENTIAL_INVALID


def test_an_issuer_may_leave_out_its_name(ask: Asking) -> None:
    """We asked that issuer, so `iss` says nothing new (RFC 7662 section 2.2)."""
    decided, _ = told(Introspected(members(CASE, iss=None, token_type=None)), ask)

    assert decided.record["reason"] == Reason.ALLOW


def test_a_strangers_token(ask: Asking) -> None:
    """What was given to another declared agent is not this one's, whoever says it is active."""
    client = "spiffe://example.org/ns/finance/sa/payer"

    decided, _ = told(Introspected(members(CASE, client_id=client)), ask)

    assert decided.record["reason"] == Reason.CREDENTIAL_NOT_YOURS


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ({"iss": "https://idp.example.com", "sub": "somebody"}, Reason.CHAIN_REFUSED),
        (
            {
                "iss": "spiffe://example.org",
                "sub": "spiffe://example.org/ns/reports/sa/reporting-agent",
            },
            Reason.CREDENTIAL_NOT_YOURS,
        ),
        ("research/research-agent", Reason.CHAIN_REFUSED),
        (None, Reason.ALLOW),
    ],
    ids=["somebody", "another agent", "no chain", "nobody"],
)
def test_an_issuer_proves_no_chain(act: object, reason: Reason, ask: Asking) -> None:
    """What an issuer says of agents that acted before makes no chain of ours."""
    decided, _ = told(Introspected(members(CASE, act=act)), ask)

    assert decided.record["reason"] == reason


def test_inactive(ask: Asking) -> None:
    """A token that its issuer does not stand by is invalid, and the user can log in."""
    decided, _ = told(Inactive(), ask)

    assert decided.record["reason"] == Reason.CREDENTIAL_INVALID
    assert 'error="invalid_token"' in decided.answer[1]["www-authenticate"]


def test_unanswered(ask: Asking) -> None:
    """An issuer that cannot be asked is our fault, explicit, with who asked on record."""
    decided, _ = told(Unanswered("it is down"), ask)
    status, headers, _ = decided.answer

    assert decided.record["reason"] == Reason.FAULT
    assert (status, headers["retry-after"], decided.record["step"]) == (503, "1", 3)
    assert "it is down" in decided.record["detail"]
    assert decided.record["agent"] == "research/research-agent"


@pytest.mark.parametrize("token", ["a.b.c", "a.b.c.d.e", "ngr_0123456789abcdef", "a" * 16385])
def test_asked_about_nothing_else(token: str, ask: Asking) -> None:
    """What looks like a JWT, a handle of ours, or is endless, is shown to no issuer."""
    decided, answerer = told(Introspected(members(CASE)), ask, token)

    assert decided.record["reason"] == Reason.CREDENTIAL_INVALID
    assert answerer.heard == []


def test_nobody_introspects(decision_point: DecisionPoint) -> None:
    """Where no issuer is declared to be asked, an opaque token is invalid."""
    decided = decide_case(with_credential(CASE, TOKEN), decision_point)

    assert decided.record["reason"] == Reason.CREDENTIAL_INVALID


def test_the_token_is_nowhere(ask: Asking) -> None:
    """Neither the record, nor the answer, nor what a need looks like, holds the token."""
    for answer in (Introspected(members(CASE)), Inactive(), Unanswered("it is down")):
        decided, answerer = told(answer, ask)

        assert TOKEN not in f"{decided.record}{decided.response}{answerer.heard}"
