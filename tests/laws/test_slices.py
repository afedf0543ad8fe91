"""A slice decides as everything does, and what was kept as what is evaluated anew."""

from __future__ import annotations

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from authz.policy.judge import judge
from authz.policy.question import Question
from tests.laws import slicing
from tests.laws.conditions import Written
from tests.support.values import replace
from tests.support.whole import judged_whole

fewer = settings(max_examples=max(20, settings().max_examples // 4))
"""Each example is a world of its own, and several questions to it."""

asked = st.lists(slicing.questions(), min_size=3, max_size=6)


@fewer
@given(slicing.policies(), asked)
def test_a_slice_decides_as_everything(rows: tuple[Written, ...], asked: list[Question]) -> None:
    """What is left out of policies and facts changes nothing: reason, policies, scopes, cures."""
    loaded = slicing.loaded(rows)
    assume(loaded is not None)
    assert loaded is not None
    for question in asked:
        whole = judged_whole(question, loaded)
        event(str(whole.reason))

        assert judge(question, replace(loaded)) == whole


@fewer
@given(slicing.policies(), asked)
def test_kept_is_fresh(rows: tuple[Written, ...], asked: list[Question]) -> None:
    """Whoever asked before, and whatever, an answer is the one of a world that nobody asked yet."""
    loaded = slicing.loaded(rows)
    assume(loaded is not None)
    assert loaded is not None
    lasting = replace(loaded)
    for question in (*asked, *asked):
        assert judge(question, lasting) == judge(question, replace(loaded))
    event(f"kept legs: {min(3, lasting.verdicts.hits)}")


@fewer
@given(slicing.policies_on_what_is_said(), slicing.sayings())
def test_what_was_said_before(rows: tuple[Written, ...], asked: tuple[Question, ...]) -> None:
    """The same parties are judged by what they say now, whatever they said before."""
    loaded = slicing.loaded(rows)
    assert loaded is not None
    lasting = replace(loaded)
    for question in (*asked, *asked):
        assert judge(question, lasting) == judge(question, replace(loaded))
    event(f"kept legs that read what was said: {min(3, lasting.live_verdicts.hits)}")
