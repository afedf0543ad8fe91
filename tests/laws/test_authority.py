"""Promise 2: authority only narrows. Random worlds through `decide`, signing and self-check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from tests.laws.deciding import (
    DOCS,
    GATE,
    act_of,
    answer,
    spiffe_of,
)
from tests.laws.drafts import SCOPES, agents, allowed, drafts, without
from tests.laws.effort import promised
from tests.laws.parties import NOW, Draft, expected, granted_to, held_by
from tests.support.values import replace

MEMBERS = {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "act"}


def actors(act: Mapping[str, Any] | None) -> Iterator[str]:
    """Give the subjects of an `act` claim, the current actor first."""
    while act is not None:
        assert act["iss"] == "spiffe://example.org"
        yield act["sub"]
        act = act.get("act")


@promised
@given(allowed())
def test_clause_by_clause(draft: Draft) -> None:
    """A token that is minted is within every party's limits and names exactly who was proven."""
    claims = answer(draft).claims
    assert claims is not None
    scopes = frozenset(claims["scope"].split())

    assert claims.keys() == MEMBERS
    assert scopes <= draft.required
    for leg in (None, *draft.chain):
        assert scopes <= held_by(draft, leg)
        assert scopes <= (granted_to(draft, leg) or frozenset())
    assert claims["iat"] == NOW
    assert claims["exp"] == NOW + min(draft.lifetime, draft.ends, 300)
    assert (claims["iss"], claims["aud"]) == (GATE, DOCS)
    assert claims["sub"] == (draft.user if draft.plain_subjects else f"corp/{draft.user}")
    assert claims["client_id"] == str(spiffe_of(draft.caller))
    assert [*actors(claims["act"])] == [str(spiffe_of(number)) for number in draft.chain]
    assert claims["act"] == act_of(draft.chain)


@promised
@given(drafts)
def test_allowed_is_what_sets_say(draft: Draft) -> None:
    """A call is allowed exactly where set arithmetic says so, with exactly those scopes."""
    answered = answer(draft)
    event(f"{answered.record['reason']}")

    assert answered.scopes == expected(draft), answered.record


@promised
@given(drafts, st.sampled_from(SCOPES), st.data())
def test_less_gives_no_more(draft: Draft, scope: str, data: st.DataObject) -> None:
    """Taking a scope from any party turns no refusal into an allow and adds no scope."""
    less = data.draw(st.sampled_from([*without(scope, draft)]))

    before, after = answer(draft).scopes, answer(less).scopes

    assert after is None or (before is not None and after <= before)


@promised
@given(drafts, agents)
def test_a_hop_never_allows(draft: Draft, hop: int) -> None:
    """One more agent that a credential has passed turns no refusal into an allow."""
    inherited = draft.inherited or ()
    shorter = replace(draft, inherited=inherited or (hop,))
    longer = replace(draft, inherited=(*(inherited or (hop,)), hop))

    before, after = answer(shorter).scopes, answer(longer).scopes

    assert after is None or after == before


@given(drafts, st.integers(-100, 0))
def test_what_has_ended_allows_nothing(draft: Draft, ends: int) -> None:
    """A credential that ends now, or has ended, is worth nothing whatever it says."""
    assert answer(replace(draft, ends=ends)).claims is None
