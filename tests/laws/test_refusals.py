"""A no stays a no: whoever refuses, wherever, and whatever is forbidden on top."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from hypothesis import event, given
from hypothesis import strategies as st

import authz.decide
from authz.decide import STEPS, Step
from authz.model.needs import KeysNeeded, Need
from authz.model.outcome import Facts, Passed, Refused
from authz.model.reasons import Reason
from authz.steps.given import Given
from tests.laws.deciding import answer
from tests.laws.drafts import REFUSALS, SCOPE_TAKEN, allowed, drafts, drawn_from, forbids, refusals
from tests.laws.effort import promised
from tests.laws.parties import Draft, PolicyDraft
from tests.support.values import replace

ADDED = 99
"""Number of a step that no contract has."""

NO = [reason for reason in Reason if reason is not Reason.ALLOW]


@dataclass(frozen=True)
class Nothing:
    """What a step learns that learns nothing."""


Take = Callable[[Given, Facts], Passed[object] | Refused | Need]


def _passing(_given: Given, _facts: Facts) -> Passed[object]:
    return Passed(Nothing())


def _needing(_given: Given, _facts: Facts) -> Need:
    return KeysNeeded("corp")


def _failing(_given: Given, _facts: Facts) -> Refused:
    raise RuntimeError("a step that fails")


def _refusing(reason: Reason) -> Take:
    return lambda _given, _facts: Refused(reason, "a step more")


@contextmanager
def one_more(take: Take, place: int) -> Iterator[None]:
    """Decide with one step more, before the one that stands at *place*."""
    before = 0
    for name in TABLES:
        table: tuple[Step, ...] = getattr(authz.decide, name)
        if place <= before + len(table):
            at = place - before
            longer = (*table[:at], Step(ADDED, take), *table[at:])
            with patch.object(authz.decide, name, longer):
                yield
            return
        before += len(table)


TABLES = ("READING", "CLEARING", "GRANTING")
places = st.integers(0, len(STEPS))


@promised
@given(drafts, places, drawn_from(NO))
def test_a_step_that_refuses(draft: Draft, place: int, reason: Reason) -> None:
    """One more step that refuses, at any place of the table: nothing passes, for its reason."""
    before = answer(draft)
    with one_more(_refusing(reason), place):
        after = answer(draft)

    reached = after.record["step"] == ADDED
    event(f"reached: {reached}")
    assert after.claims is None
    assert after.record["reason"] == (reason if reached else before.record["reason"])
    assert reached or before.claims is None


@given(drafts, places, st.sampled_from((_needing, _failing)))
def test_a_step_that_cannot_say(draft: Draft, place: int, take: Take) -> None:
    """One more step that fails, or needs what nobody knows: nothing passes."""
    with one_more(take, place):
        after = answer(draft)

    assert after.claims is None


@given(drafts, places)
def test_a_step_that_passes(draft: Draft, place: int) -> None:
    """One more step that has no objection changes nothing, least of all a no."""
    before = answer(draft)
    with one_more(_passing, place):
        after = answer(draft)

    assert after.scopes == before.scopes
    assert after.record["reason"] == before.record["reason"]


@promised
@given(drafts, forbids, st.integers(0, 9))
def test_a_forbid_more(draft: Draft, forbid: PolicyDraft, place: int) -> None:
    """One more forbid, in any tier and anywhere among the policies: no no becomes an allow."""
    rows = draft.policies
    stricter = replace(draft, policies=(*rows[:place], forbid, *rows[place:]))

    before, after = answer(draft).scopes, answer(stricter).scopes

    event(f"it tells: {before != after}")
    assert after is None or after == before


@promised
@given(allowed(), drawn_from(REFUSALS), st.integers(0, 99))
def test_a_party_that_refuses(draft: Draft, kind: str, number: int) -> None:
    """Whichever party of the call says no altogether, the call is refused."""
    rows = [refused for name, refused in refusals(draft) if name == kind]
    if not rows:
        assert kind == SCOPE_TAKEN
        return
    refused = rows[number % len(rows)]
    event(kind)

    assert answer(refused).claims is None
