"""`policy.reading`: whatever a policy could tell apart is among what it is said to read."""

from __future__ import annotations

import pytest

from authz.policy.reading import Reads, reads_of
from tests.unit.policy.test_folding import source, when


def reads(condition: str) -> Reads:
    """Give what one condition reads."""
    return reads_of([when(condition)])


NAMES = (
    ("context.session.auth.level > 1", {"session", "auth", "level"}),
    ("context.session has user", {"session", "user"}),
    ('context["session"].net.source.isLoopback()', {"session", "net", "source"}),
    ('context.input has a.b && context.input.a.b == "x"', {"input", "a", "b"}),
    (
        'context.session.args.getTag(context.input.name) like "x"',
        {"session", "args", "input", "name"},
    ),
    ("if resource.readOnly then principal.scopes.isEmpty() else false", {"readOnly", "scopes"}),
    ("{a: resource.uri}.a == resource.uri", {"a", "uri"}),
    ("[resource.sensitivity].contains(1)", {"sensitivity"}),
)


@pytest.mark.parametrize(("condition", "names"), NAMES)
def test_names(condition: str, names: set[str]) -> None:
    """Every attribute is there, wherever it stands."""
    found = reads(condition)

    assert found.names == names
    assert not found.everything


def test_asking_is_not_getting() -> None:
    """With `has` alone nobody learns who the user is."""
    assert "user" not in reads("context.session has user").got
    assert "user" in reads("context.session.user == principal").got


WHOLES = (
    ("context.session.auth == context.session.auth", {"auth"}),
    ("[context.session.chain].isEmpty()", {"chain"}),
    ("context.session.auth.level == 1", {"level"}),
)


@pytest.mark.parametrize(("condition", "wholes"), WHOLES)
def test_wholes(condition: str, wholes: set[str]) -> None:
    """A record that is used as it is counts with all its members."""
    assert reads(condition).wholes == wholes


COMPARES = (
    ("principal == context.session.agent", True),
    ("context.session.chain.actors.contains(principal)", True),
    ('[User::"corp/alice"].contains(principal)', True),
    ("(if true then principal else principal).scopes.isEmpty()", True),
    ('principal == User::"corp/alice"', False),
    ('User::"corp/alice" != principal', False),
    ('principal in Group::"corp/staff" && principal is User', False),
    ("principal.scopes.isEmpty()", False),
)


@pytest.mark.parametrize(("condition", "compares"), COMPARES)
def test_compares(condition: str, compares: bool) -> None:  # noqa: FBT001
    """Who the principal is counts where it is held against something that is no name."""
    assert reads(condition).compares is compares


EVERYTHING = (
    'User::"corp/alice".scopes.isEmpty()',
    'Session::"request".auth.level > 0',
    'Texts::"args".hasTag("/a")',
    'User::"corp/alice" in Group::"corp/staff"',
    "principal in context.session.user",
    'principal in [Group::"corp/staff", context.session.user]',
    '(if true then User::"corp/alice" else principal).scopes.isEmpty()',
    '{a: User::"corp/alice"}.a.scopes.isEmpty()',
    "context == context",
    "[context].isEmpty()",
)


@pytest.mark.parametrize("condition", EVERYTHING)
def test_everything(condition: str) -> None:
    """Where it is not plain what is looked at, everything is."""
    assert reads(condition).everything


NOT_EVERYTHING = (
    'principal in [Group::"corp/staff", Role::"r"]',
    'context.session.chain.actors.containsAny([Agent::"a/b"])',
    'context.session.chain.actors.contains(Agent::"a/b")',
    'principal is User in Group::"corp/staff"',
    'resource == Tool::"a/b/c" || Tool::"a/b/c" == resource',
)


@pytest.mark.parametrize("condition", NOT_EVERYTHING)
def test_a_name_is_a_name(condition: str) -> None:
    """An entity that stands where only its name counts is read as a name."""
    found = reads(condition)

    assert not found.everything
    assert found.entities


def test_scopes_and_guards_count() -> None:
    """What stands in the scope, or in the guard of the tier, is named as well."""
    text = 'permit (principal in Group::"corp/staff", action, resource == Tool::"a/b/c");'

    found = reads_of([source(text, 'principal == Agent::"a/b"')])

    assert found.ids("Group") == {"corp/staff"}
    assert found.ids("Tool") == {"a/b/c"}
    assert found.ids("Agent") == {"a/b"}
