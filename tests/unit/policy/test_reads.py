"""`policy.reads`: whether a policy about a tool looks at a value that is masked."""

from __future__ import annotations

import pytest

from authz.policy.load import load_policies
from authz.policy.reads import Masked, readers_of
from tests.unit.policy.test_judge import DIRECTORY, DOCS

SEARCH = DOCS.tools["search"]
RULE = '@id("r") forbid (principal, action in Action::"tools/call", resource) when {{ {} }};'

ROWS: tuple[tuple[str, Masked, bool], ...] = (
    ("true", Masked(frozenset({"/query"}), frozenset({"x-request-source"})), False),
    ("context.input has query", Masked(frozenset({"/query"})), False),
    ('context.input has query && context.input.query == "x"', Masked(frozenset({"/query"})), True),
    ('context.input has query && context.input.query == "x"', Masked(frozenset({"/limit"})), False),
    (
        'context.input has query && context.input.query == "x"',
        Masked(frozenset({"/query/0"})),
        True,
    ),
    ('context.input has query && context.input.query == "x"', Masked(frozenset({"/quer"})), False),
    ('context.session.args.hasTag("/query")', Masked(frozenset({"/query"})), False),
    (
        'context.session.args.hasTag("/a") && context.session.args.getTag("/a") == "x"',
        Masked(frozenset({"/a/b"})),
        True,
    ),
    (
        'context.session.args.hasTag("/a") && context.session.args.getTag("/a") == "x"',
        Masked(frozenset({"/b"})),
        False,
    ),
    (
        (
            'context.session.headers.hasTag("x-request-source") &&'
            ' context.session.headers.getTag("x-request-source") == "x"'
        ),
        Masked(headers=frozenset({"x-request-source"})),
        True,
    ),
    (
        'context.session.headers.hasTag("x-request-source")',
        Masked(headers=frozenset({"x-request-source"})),
        False,
    ),
    ("context.unknownArgs.isEmpty()", Masked(frozenset({"/query"})), False),
)


@pytest.mark.parametrize(("condition", "masked", "reads"), ROWS)
def test_reads(condition: str, masked: Masked, reads: bool) -> None:  # noqa: FBT001 - a column
    """A value is read where it is compared, not where its presence is asked."""
    files = {"policies/global/r.cedar": RULE.format(condition).encode()}
    policies, _ = load_policies(files, DIRECTORY)

    assert [ref.id for ref in readers_of(masked, SEARCH, policies)] == (["r"] if reads else [])


@pytest.mark.parametrize(
    ("action", "is_about"),
    [
        ("action", True),
        ('action in Action::"do:read"', True),
        ('action in Action::"do:write"', False),
        ('action == Action::"tools/call:tools/docs/search"', True),
        ('action == Action::"tools/call:tools/docs/annotate"', False),
        ('action in [Action::"do:write", Action::"tools/call:tools/docs/search"]', True),
    ],
)
def test_about(action: str, is_about: bool) -> None:  # noqa: FBT001 - a column
    """A policy about another tool is no reason for doubt."""
    text = (
        f'@id("r") forbid (principal, {action}, resource) when {{'
        ' context.session.args.hasTag("/query") && context.session.args.getTag("/query") == "x" };'
    )
    if action == "action":
        text = text.replace("when {", 'when { action in Action::"tools/call" &&')
    policies, _ = load_policies({"policies/global/r.cedar": text.encode()}, DIRECTORY)
    found = readers_of(Masked(frozenset({"/query"})), SEARCH, policies)

    assert [ref.id for ref in found] == (["r"] if is_about else [])
