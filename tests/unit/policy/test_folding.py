"""`policy.folding`: a policy is left out only where it can neither hold nor err."""

from __future__ import annotations

import pytest

from authz.policy.folding import Known, is_calm, is_dead
from authz.policy.source import Source, read_source
from authz.policy.statements import split_statements

ACTION = "tools/call:tools/docs/search"
USER = Known(
    kind="User",
    action=ACTION,
    actions=frozenset({ACTION, "tools/call", "mcp", "do:read"}),
    resource=("Tool", "tools/docs/search"),
    within=frozenset(
        {("Tool", "tools/docs/search"), ("MCPServer", "tools/docs"), ("Namespace", "tools")}
    ),
    facts={"readOnly": True, "destructive": False, "sensitivity": 2, "scopes": ["docs:read"]},
    inputs=frozenset({"query"}),
)
"""A user's leg of calling a tool that reads."""

ERRS = "9223372036854775807 + context.session.chain.depth > 0"


def source(text: str, guard: str = "") -> Source:
    """Read one policy."""
    (statement,) = split_statements("policies/global/a.cedar", text)
    return read_source(statement, guard)


def when(condition: str) -> Source:
    """Give a permit with one condition."""
    return source(f"permit (principal, action, resource) when {{ {condition} }};")


NEVER = (
    "false",
    "!true",
    "resource.destructive",
    "!resource.readOnly",
    "resource.sensitivity >= 3",
    "resource.sensitivity == 1 || false",
    "context.session.approval.granted && resource.destructive",
    f"resource.destructive && {ERRS}",
    "resource.readOnly == false",
    "principal is Agent",
    'principal in Namespace::"tools"',
    'principal == Agent::"a/b"',
    'principal is User in Namespace::"tools"',
    "resource is Prompt",
    'resource in Namespace::"other"',
    'resource == Tool::"tools/docs/other"',
    'resource is Tool in MCPServer::"tools/other"',
    'resource in [MCPServer::"tools/other", Namespace::"other"]',
    'action == Action::"tools/call:tools/docs/other"',
    'action in [Action::"http", Action::"do:write"]',
    'context.input has path && context.input.path like "*"',
    "if resource.readOnly then false else true",
)
MAYBE = (
    "true",
    "resource.readOnly",
    "resource.sensitivity <= 2",
    "resource.unheardOf == 1",
    "context.session.approval.granted",
    "resource.destructive || context.session.approval.granted",
    'principal in Group::"corp/staff"',
    'principal in [Group::"corp/staff", Namespace::"tools"]',
    'principal == User::"corp/alice"',
    'resource in Namespace::"tools"',
    'action in [Action::"http", Action::"do:read"]',
    "context.input has query",
    "context.session has query",
    "if context.session.approval.granted then false else true",
    f"{ERRS} && resource.destructive",
    f"({ERRS} || resource.readOnly) && resource.destructive",
    "context.session.chain.depth * 2 > 0 && false",
    'User::"corp/bob".scopes.isEmpty() && false',
    'resource.scopes == ["docs:read"]',
)


@pytest.mark.parametrize("condition", NEVER)
def test_never_holds(condition: str) -> None:
    """What is false for every call, with nothing before it that errs, is left out."""
    assert is_dead(when(condition), USER)


@pytest.mark.parametrize("condition", MAYBE)
def test_may_hold_or_err(condition: str) -> None:
    """What may hold, or err before it is false, stays."""
    assert not is_dead(when(condition), USER)


CLAUSES = (
    ("when { true } when { false }", True),
    ("unless { true }", True),
    ("unless { false }", False),
    ("unless { resource.readOnly }", True),
    (f"when {{ {ERRS} }} when {{ false }}", False),
    (f"when {{ false }} when {{ {ERRS} }}", True),
)


@pytest.mark.parametrize(("clauses", "dead"), CLAUSES)
def test_clauses_in_their_order(clauses: str, dead: bool) -> None:  # noqa: FBT001
    """A false clause counts only where no clause before it can err."""
    assert is_dead(source(f"forbid (principal, action, resource) {clauses};"), USER) is dead


SCOPES = (
    ("principal, action, resource", False),
    ("principal is User, action, resource is Tool", False),
    ('principal in Role::"r", action in Action::"mcp", resource in MCPServer::"tools/docs"', False),
    ("principal is Agent, action, resource", True),
    ('principal == Agent::"a/b", action, resource', True),
    ('principal in Namespace::"tools", action, resource', True),
    ('principal, action in [Action::"http", Action::"do:write"], resource', True),
    ('principal, action == Action::"tools/call:tools/docs/other", resource', True),
    ("principal, action, resource is Prompt", True),
    ('principal, action, resource == Tool::"tools/docs/other"', True),
    ('principal, action, resource is Tool in MCPServer::"tools/other"', True),
)


@pytest.mark.parametrize(("scope", "dead"), SCOPES)
def test_scope(scope: str, dead: bool) -> None:  # noqa: FBT001
    """A scope that names another kind of leg, another action or another resource never holds."""
    assert is_dead(source(f"permit ({scope}) when {{ {ERRS} }};"), USER) is dead


def test_the_guard_stands_first() -> None:
    """A tier's guard that is false leaves the policy out, whatever errs behind it."""
    guard = 'resource in Namespace::"other" || principal is Agent in Namespace::"other"'
    text = f"permit (principal, action, resource) when {{ {ERRS} }};"

    assert is_dead(source(text, guard), USER)
    assert not is_dead(source(text), USER)


RISKY = (
    ERRS,
    "-context.session.chain.depth < 0",
    'context.session.clock.now.durationSince(context.session.auth.time) < duration("1m")',
    'context.session.clock.now.offset(duration("1m")) > context.session.clock.now',
    'Agent::"a/b".lifecycle == Lifecycle::"active"',
    '(if true then principal else User::"corp/bob").scopes.isEmpty()',
    '["a"].contains(context.session.args.getTag("/a"))',
)


@pytest.mark.parametrize("condition", RISKY)
def test_what_may_err(condition: str) -> None:
    """Sums, moments and what looks into an entity that may be missing are taken to err."""
    (condition_,) = when(condition).policy["conditions"]

    assert not is_calm(condition_["body"])
