"""Whoever asked before, and whatever, a decision is the one of a gate that nobody asked yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from tests.laws.deciding import Answered, answer_in, decision_point_of
from tests.laws.drafts import drafts
from tests.laws.parties import Draft
from tests.support.direct import KeptRecords
from tests.support.values import replace

OF_ONE_CALL = ("decision", "trace", "stages_us")
OF_ONE_TOKEN = ("jti", "iat", "exp")


def in_world_of(world: Draft, call: Draft) -> Draft:
    """Give the call of one draft in the world of another."""
    return replace(
        world,
        caller=call.caller,
        inherited=call.inherited,
        user=call.user,
        token_scopes=call.token_scopes,
        token_groups=call.token_groups,
        ends=call.ends,
        flaw=call.flaw,
    )


def ask(decision_point: DecisionPoint, call: Draft) -> Answered:
    """Ask with a record of its own."""
    return answer_in(replace(decision_point, records=KeptRecords()), call)


def afresh(decision_point: DecisionPoint) -> DecisionPoint:
    """Give the same gate with nothing kept."""
    world = decision_point.world
    # A policy set and a world that are copied keep nothing; signatures outlive worlds.
    world = replace(world, policies=replace(world.policies), signatures=type(world.signatures)())
    worlds = CurrentWorld(world, decision_point.worlds.now.keys)
    return replace(decision_point, worlds=worlds)


def told(answered: Answered) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """Give what a decision comes to, ids and times of its token aside."""
    record = {name: each for name, each in answered.record.items() if name not in OF_ONE_CALL}
    if record["token"] is not None:
        record["token"] = _without_times(record["token"])
    return record, answered.claims and _without_times(answered.claims)


def _without_times(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: each for name, each in claims.items() if name not in OF_ONE_TOKEN}


@given(drafts, st.lists(drafts, min_size=2, max_size=4))
def test_kept_is_fresh(world: Draft, calls: list[Draft]) -> None:
    """Records and tokens are those of a gate without any memory, whatever it was asked before."""
    lasting = decision_point_of(world)
    asked = [world, *(in_world_of(world, call) for call in calls)]
    for call in (*asked, *asked):
        again, fresh = ask(lasting, call), ask(afresh(lasting), call)

        assert told(again) == told(fresh)
        if again.claims is not None and fresh.claims is not None:
            # What is released again was signed within the same bounds.
            assert again.claims["exp"] <= fresh.claims["exp"]
    event(f"kept clearances: {min(3, lasting.world.clearances.hits)}")
    event(f"kept tokens: {min(3, lasting.worlds.now.minted.memo.hits)}")
