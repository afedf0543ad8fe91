"""`policy.annotations`: one that is not understood is a mistake, never ignored."""

from __future__ import annotations

import pytest

from authz.policy.annotations import STEP_UPS, Notes, annotation_mistakes, read_notes

Written = dict[str, str | None]

GOOD: tuple[tuple[str, Written, Notes], ...] = (
    ("permit", {"id": "a"}, Notes("a")),
    ("permit", {"id": "a", "reason": "r", "owner": "o"}, Notes("a", "r")),
    ("permit", {"id": "a", "scope": "x y"}, Notes("a", scope=frozenset({"x", "y"}))),
    ("forbid", {"id": "a", "reason": None}, Notes("a")),
    ("forbid", {"id": "a", "step_up": "mfa"}, Notes("a", step_up="mfa")),
    ("forbid", {"id": "a", "step_up": "consent"}, Notes("a", step_up="consent")),
    ("forbid", {"id": "a", "step_up": "approval"}, Notes("a", step_up="approval")),
)

BAD: tuple[tuple[str, Written, str, str], ...] = (
    ("permit", {}, "the policy has no @id", "@id("),
    ("permit", {"id": ""}, "the policy has no @id", "@id("),
    ("permit", {"id": None}, "the policy has no @id", "@id("),
    ("permit", {"id": "a", "scop": "x"}, "@scop is not an annotation", "did you mean 'scope'?"),
    ("permit", {"id": "a", "Scope": "x"}, "@Scope is not an annotation", "did you mean 'scope'?"),
    ("forbid", {"id": "a", "stepup": "mfa"}, "@stepup is not an annotation", "'step_up'"),
    ("permit", {"id": "a", "mode": "shadow"}, "@mode is not supported", "change decisions"),
    ("permit", {"id": "a", "expires": "x"}, "@expires is not supported", "change decisions"),
    ("permit", {"id": "a", "step_up": "mfa"}, "@step_up stands on a permit", "only a forbid"),
    ("forbid", {"id": "a", "step_up": "mfaa"}, "@step_up: expected one of mfa", "'mfa'"),
    ("forbid", {"id": "a", "step_up": ""}, "@step_up: expected one of mfa", ""),
    ("forbid", {"id": "a", "step_up": None}, "@step_up: expected one of mfa", ""),
    ("forbid", {"id": "a", "step_up": "MFA"}, "@step_up: expected one of mfa", ""),
    ("forbid", {"id": "a", "scope": "x"}, "@scope stands on a forbid", "only a permit"),
    ("permit", {"id": "a", "scope": ""}, "@scope: expected scopes", ""),
    ("permit", {"id": "a", "scope": None}, "@scope: expected scopes", ""),
    ("permit", {"id": "a", "scope": " "}, "@scope: expected scopes", ""),
    ("permit", {"id": "a", "scope": 'x "y"'}, "@scope: expected scopes", ""),
    ("permit", {"id": "a", "scope": "x\ty"}, "@scope: expected scopes", ""),
    ("permit", {"id": "a" * 129}, "@id is longer than 128 characters", ""),
    ("forbid", {"id": "a", "reason": "r" * 513}, "@reason is longer than 512 characters", ""),
)


@pytest.mark.parametrize(("effect", "written", "notes"), GOOD, ids=[str(row[1]) for row in GOOD])
def test_good(effect: str, written: Written, notes: Notes) -> None:
    """Annotations without a mistake mean what they say."""
    assert [*annotation_mistakes(written, effect)] == []
    assert read_notes(written) == notes


@pytest.mark.parametrize(("effect", "written", "says", "hint"), BAD, ids=str)
def test_bad(effect: str, written: Written, says: str, hint: str) -> None:
    """Every other is a mistake with a way out, and none is taken for something wider."""
    (mistake,) = annotation_mistakes(written, effect)

    assert says in mistake.message
    assert hint in mistake.hint


def test_all_mistakes_at_once() -> None:
    """Several mistakes of one policy are told together."""
    written: Written = {"scop": "x", "step_up": "mfa", "scope": '"'}

    assert len([*annotation_mistakes(written, "permit")]) == 4


def test_step_ups_in_their_order() -> None:
    """A login is asked for before a consent, and both before an approval."""
    assert STEP_UPS == ("mfa", "consent", "approval")


def test_no_scope_is_not_no_scopes() -> None:
    """A permit without `@scope` gives what is required; one with it exactly those."""
    assert read_notes({"id": "a"}).scope is None
