"""Explanations say what the engine does, under random policies of all tiers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from cedarpy import PolicySet, policies_to_json_str
from hypothesis import event, given, settings
from hypothesis import strategies as st

from authz.model.reasons import Reason
from authz.policy.cedar_text import text_of
from authz.policy.compiled import Policies
from authz.policy.conjuncts import conjuncts_of
from authz.policy.explain import (
    LegExplanation,
)
from authz.policy.judge import judge
from authz.policy.question import Question
from authz.policy.scene import Probes, Stage, Truth, stages_of
from authz.policy.verdicts import erring, verdict
from tests.laws.conditions import Written, conditions, loaded, policies, question, questions
from tests.support.explaining import explained
from tests.support.values import replace

few = settings(max_examples=max(20, settings().max_examples // 4))
"""For laws that hardly depend on what the policies say."""

NEVER = "permit (principal, action, resource) when { false };"


def body_of(condition: str) -> dict[str, Any]:
    """Give what the engine reads in a condition."""
    text = f"permit (principal, action, resource) when {{ {condition} }};"
    form = json.loads(policies_to_json_str(text))["staticPolicies"]["policy0"]
    body: dict[str, Any] = form["conditions"][0]["body"]
    return body


@given(conditions)
def test_written_is_what_was_read(condition: str) -> None:
    """What an expression is written as is read as the same expression."""
    form = body_of(condition)

    assert body_of(text_of(form)) == form


@given(st.text(max_size=20))
def test_any_text_is_written_as_itself(text: str) -> None:
    """A string, an attribute and a pattern of any characters are read as they were."""
    value = {"Value": text}
    forms: list[dict[str, Any]] = [
        {"==": {"left": {".": {"left": {"Var": "context"}, "attr": text}}, "right": value}},
        {"has": {"left": {"Var": "context"}, "attr": text}},
        {
            "like": {
                "left": {"Var": "context"},
                "pattern": ["Wildcard", *({"Literal": each} for each in text)],
            }
        },
    ]
    for form in forms:
        assert body_of(text_of(form)) == form


@given(policies(), questions)
def test_reasons_are_the_judges(rows: tuple[Written, ...], asked: Question) -> None:
    """Every leg is explained, with the reason and the policies that the judgement has."""
    found, judged = explained(asked, loaded(rows)), judge(asked, loaded(rows))
    event(str(judged.reason))

    assert [(leg.party, leg.reason) for leg in found] == [
        (leg.party, leg.reason) for leg in judged.legs
    ]
    assert [sorted(each.ref for each in leg.policies) for leg in found] == [
        sorted(leg.policies) for leg in judged.legs
    ]


@given(policies(), questions)
def test_truths_are_the_engines(rows: tuple[Written, ...], asked: Question) -> None:
    """Conjuncts say of each policy what the engine does; so does each row of the first ones."""
    for stage in stages_of(asked, loaded(rows)):
        for policy in loaded(rows).by_engine_id.values():
            texts = [each.text for each in conjuncts_of(policy)]
            truths = stage.truths(Probes.of(texts))
            first = [*accumulate(truths, and_then)]

            assert told_by_engine(stage, policy.source.text) is (first or [Truth.TRUE])[-1]
            assert [prefix(stage, texts[: n + 1]) for n in range(len(texts))] == first


def and_then(before: Truth, after: Truth) -> Truth:
    """Give what two conditions come to in order: the second is not reached behind a first no."""
    return after if before is Truth.TRUE else before


def prefix(stage: Stage, texts: Iterable[str]) -> Truth:
    """Give the truth of conditions that stand together in one permit."""
    whens = " ".join(f"when {{ {text} }}" for text in texts)
    return told_by_engine(stage, f"permit (principal, action, resource) {whens};")


def told_by_engine(stage: Stage, text: str) -> Truth:
    """Give what the engine says of a policy alone."""
    result = stage.evaluate(PolicySet.from_str(text))
    if erring(result):
        return Truth.ERROR
    return Truth.TRUE if result.diagnostics.reasons else Truth.FALSE


@given(policies(), questions)
def test_changes_turn_the_leg(rows: tuple[Written, ...], asked: Question) -> None:
    """With every condition that is named as it should be, the leg is allowed."""
    world = loaded(rows)
    for number, leg in enumerate(explained(asked, world)):
        stage = stages_of(asked, world, leg.assumed)[number]
        event(f"{leg.reason}: {len(leg.changes)} changes")
        if leg.changes:
            assert leg.reason is not Reason.ALLOW
            engine = PolicySet.from_str(forced(world, leg))
            assert verdict(stage.evaluate(engine)) is Reason.ALLOW


@given(policies(), questions)
def test_what_is_near_can_be_reached(rows: tuple[Written, ...], asked: Question) -> None:
    """Where a permit is near, or a forbid alone stands in the way, it is said what would turn."""
    for leg in explained(asked, loaded(rows)):
        if leg.reason is Reason.NO_PERMIT:
            assert bool(leg.near) == bool(leg.changes)
            assert all(policy.failed for policy in leg.near)
        if leg.reason is Reason.FORBIDDEN:
            assert leg.near
            assert not any(policy.failed for policy in leg.near)
        if leg.reason is Reason.POLICY_ERROR:
            failed = [policy.failed for policy in leg.near]
            assert failed
            assert all(each and each.truth is Truth.ERROR for each in failed)


def forced(world: Policies, leg: LegExplanation) -> str:
    """Write all policies anew, with the conditions of *leg*'s changes as they should be."""
    rows = []
    for policy in world.by_engine_id.values():
        points = [point for point in leg.changes if point.policy == policy.ref]
        if not points:
            rows.append(policy.source.text)
        elif policy.source.effect == "forbid" or not all(p.wanted for p in points):
            rows.append(NEVER)
        else:
            kept = [c for c in conjuncts_of(policy) if c.text not in {p.condition for p in points}]
            whens = " ".join(f"when {{ {each.text} }}" for each in kept)
            rows.append(f"permit (principal, action, resource) {whens};")
    return "\n".join(rows)


@few
@given(st.text(alphabet="qwertz0123456789", min_size=6, max_size=20), policies())
def test_no_value_of_an_argument_is_told(value: str, rows: tuple[Written, ...]) -> None:
    """An argument that the tool does not open is nowhere in an explanation."""
    reading = Written("global", READING)
    world = loaded((*rows, reading))
    asked = question(arguments={"a": value})

    assert value not in repr(explained(asked, world))


READING = """\
@id("reading") forbid (principal, action, resource)
when { context.session.args.hasTag("/a") }
unless { context.session.args.getTag("/a") like "x*x" };"""


@few
@given(policies(), questions)
def test_deterministic(rows: tuple[Written, ...], asked: Question) -> None:
    """The same question is explained in the same words, whatever order the engine answers in."""
    world = loaded(rows)

    assert explained(asked, world) == explained(replace(asked), world)
