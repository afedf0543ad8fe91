"""`policy.source`: a statement with its guard, the same for the validator and the engine."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cedarpy import policies_to_json_str

import authz.policy.source
from authz.directory.diagnostics import Position
from authz.policy.source import NotOnePolicy, read_source
from authz.policy.statements import Statement, split_statements

GUARD = 'principal == Agent::"a/b"'
TEXTS = (
    '@id("a") permit (principal, action, resource);',
    '@id("a") @reason forbid (principal, action, resource) when { true } unless { false };',
    '@id("a") permit (principal is User, action in [Action::"x"], resource) when { 1 + 1 == 2 };',
    '@id("a") permit (principal, action, resource) when { context has "a b" && "é" like "*" };',
)


def only(text: str) -> dict[str, Any]:
    """Give the single policy of *text* in the engine's JSON form."""
    (policy,) = json.loads(policies_to_json_str(text))["staticPolicies"].values()
    loaded: dict[str, Any] = policy
    return loaded


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("guard", ["", GUARD])
def test_author_is_kept(text: str, guard: str) -> None:
    """With a guard or without, effect, scope and annotations are the author's."""
    (statement,) = split_statements("f", text)

    source = read_source(statement, guard)

    assert {**only(source.text), "conditions": []} == {**only(text), "conditions": []}
    assert only(text)["effect"] == source.effect
    assert source.annotations["id"] == "a"


@pytest.mark.parametrize("text", TEXTS)
def test_guard_comes_first(text: str) -> None:
    """The guard stands before the conditions of the author: an error there hurts nobody else."""
    (statement,) = split_statements("f", text)
    author = only(text)["conditions"]
    (guard,) = only(f"permit (principal, action, resource) when {{ {GUARD} }};")["conditions"]

    assert only(read_source(statement, GUARD).text)["conditions"] == [guard, *author]
    assert only(read_source(statement, "").text)["conditions"] == author


def test_annotation_without_a_value() -> None:
    """An annotation without a value is told apart from one with an empty one."""
    (statement,) = split_statements(
        "f", '@id("a") @reason @owner("") permit (principal, action, resource);'
    )

    assert read_source(statement, "").annotations == {"id": "a", "reason": None, "owner": ""}


ODD = (
    '@permit("(") @id("a") permit (principal, action, resource) when { "when {" == "x" };',
    '@id("permit (") permit (principal, action, resource) // permit ()\n when { true };',
    '@id("a") // \r permit (principal, action, resource);',
    '@id("a") permit ( // ) when { true };\n principal, action, resource) when { true };',
    '@id("a") forbid (principal in Group::"(", action in [Action::")"], resource is Tool);',
)


@pytest.mark.parametrize("text", ODD)
def test_guard_in_odd_places(text: str) -> None:
    """However a policy is written, its guard is the first condition that the engine reads."""
    (statement,) = split_statements("f", text)
    (guard,) = only(f"permit (principal, action, resource) when {{ {GUARD} }};")["conditions"]

    source = read_source(statement, GUARD)

    assert only(source.text)["conditions"] == [guard, *only(text)["conditions"]]


NOT_ONE = (
    '@id("a") permit (principal, action, resource) //\r; permit (principal, action, resource)\n;',
    '@id("a") permit (principal, action, resource == ?resource);',
    '@id("a") permit (principal, action, resource)',
    "permit",
    "",
)


@pytest.mark.parametrize("text", NOT_ONE)
def test_not_one_policy(text: str) -> None:
    """Two policies in one statement, a template and half a policy are refused."""
    statement = Statement(text, Position("f"), 0)

    for guard in ("", GUARD):
        with pytest.raises(NotOnePolicy):
            read_source(statement, guard)


PLACES = {
    "in a comment": ('@id("a") permit (principal, action, resource) //\n;', "//", 2),
    "behind the author's conditions": (
        '@id("a") permit (principal, action, resource) when { true };', "}", 1,
    ),
    "in front of an unless": (
        '@id("a") permit (principal, action, resource) unless { true } when { true };', "when", 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "mark", "behind"), PLACES.values(), ids=PLACES)
def test_guard_in_a_wrong_place(
    text: str, mark: str, behind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where we read wrongly where a scope ends, the engine says so, and nothing loads."""
    monkeypatch.setattr(authz.policy.source, "scope_end", lambda _text: text.index(mark) + behind)

    with pytest.raises(NotOnePolicy, match=r"^its tier's guard"):
        read_source(Statement(text, Position("f"), 0), GUARD)
