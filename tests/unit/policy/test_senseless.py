"""`policy.senseless`: a comparison that comes out the same for every call is told."""

from __future__ import annotations

import json

import pytest
from cedarpy import policies_to_json_str

from authz.directory.diagnostics import InvalidWorld
from authz.policy.load import load_policies
from authz.policy.remarks import Remark
from authz.policy.senseless import senseless_comparisons
from tests.unit.policy.test_judge import DIRECTORY, GLOBAL

SENSE = (
    'principal == User::"corp/alice"',
    'Agent::"research/assistant" != principal',
    'action == Action::"mcp/session"',
    'action == Action::"tools/call:tools/docs/search"',
    'action in [Action::"do:write", Action::"http"]',
    'resource == MCPServer::"tools/docs"',
    'resource == Tool::"tools/docs/search"',
    'principal in Group::"corp/researchers" && resource in Namespace::"tools"',
    'context.session has user && context.session.user in Group::"corp/researchers"',
    "context.session has agent && principal == context.session.agent",
    'User::"corp/alice" in Group::"corp/researchers"',
    '{"==": 1, "in": 2} == {"==": 3, "in": 2}',
    '{"is": 1, "contains": 2} == {"is": 3, "contains": 2}',
    'principal is User in Role::"operator" || principal is Agent in Namespace::"research"',
    'principal in [User::"corp/alice", User::"corp/bob"] || principal in Agent::"research/a"',
    'resource is MCPServer || resource is HTTPRoute in HTTPService::"tools/web"',
    'resource in [MCPServer::"tools/docs", MCPServer::"tools/mail"] || resource is Tasks',
    'action in Action::"tools/call:tools/docs/search" || action is Action',
    '[Action::"mcp/session", Action::"tools/call:tools/docs/search"].contains(action)',
    'context.session has agent && context.session.agent in Namespace::"research"',
    'context.session has user && context.session.user == User::"corp/alice"',
    'context.session.chain.actors.contains(Agent::"research/assistant")',
    '["Group"].contains("Group")',
    'principal in Grup::"corp/researchers" || principal == Usr::"corp/a" || resource is Tol',
)
NONE = (
    ('action == Action::"do:write"', 'action in Action::"do:write"'),
    ('Action::"tools/call" != action', 'action in Action::"tools/call"'),
    ('principal == Group::"corp/researchers"', 'principal in Group::"corp/researchers"'),
    ('Role::"operator" == principal', 'principal in Role::"operator"'),
    ('true && !(resource == Namespace::"tools")', 'resource in Namespace::"tools"'),
    ('resource == HTTPService::"tools/web"', 'resource in HTTPService::"tools/web"'),
    ('Action::"do:write" in action', 'action in Action::"do:write"'),
    ('Group::"corp/researchers" in principal', 'principal in Group::"corp/researchers"'),
    ('MCPServer::"tools/docs" in resource', 'resource in MCPServer::"tools/docs"'),
    ('[Action::"do:write"].contains(action)', 'action in Action::"do:write"'),
    (
        'context.session has user && context.session.user == Role::"operator"',
        'context.session.user in Role::"operator"',
    ),
    (
        'context.session has agent && Namespace::"tools" != context.session.agent',
        'context.session.agent in Namespace::"tools"',
    ),
    ("principal is Group", 'principal in Group::"…"'),
    ("resource is HTTPService || true", 'resource in HTTPService::"…"'),
)
OUT_OF_REACH = (
    ('principal == MCPServer::"tools/docs"', "no principal is, or is in, MCPServer tools/docs"),
    ('principal in MCPServer::"tools/docs"', "no principal is, or is in, MCPServer tools/docs"),
    ('resource in Group::"corp/researchers"', "no resource is, or is in, Group corp/researchers"),
    ('resource in [User::"corp/alice"]', "no resource is, or is in, User corp/alice"),
    ('User::"corp/alice" in resource', "no resource is, or is in, User corp/alice"),
    (
        'context.session has user && context.session.user in Namespace::"tools"',
        "no context.session.user is, or is in, Namespace tools",
    ),
    (
        'principal is Agent in Group::"corp/researchers"',
        "no Agent is, or is in, Group corp/researchers",
    ),
    ("resource is User", "no resource is of type User"),
)


def remarks_on(condition: str) -> list[Remark]:
    """Give the remarks on a forbid with one condition."""
    text = f"forbid (principal, action, resource) when {{ {condition} }};"
    (policy,) = json.loads(policies_to_json_str(text))["staticPolicies"].values()
    return [*senseless_comparisons(policy)]


@pytest.mark.parametrize("condition", SENSE)
def test_what_can_vary_passes(condition: str) -> None:
    """What holds for one call and not for another is nobody's slip."""
    assert remarks_on(condition) == []


@pytest.mark.parametrize(("condition", "hint"), NONE)
def test_what_never_varies_is_told(condition: str, hint: str) -> None:
    """A forbid on it would never forbid; the remark says what was meant."""
    (remark,) = remarks_on(condition)

    assert remark.hint == f"write `{hint}`"


@pytest.mark.parametrize(("condition", "message"), OUT_OF_REACH)
def test_what_is_out_of_reach_is_told(condition: str, message: str) -> None:
    """Nothing else that could be written in its place is meant, so nothing is proposed."""
    (remark,) = remarks_on(condition)

    assert (remark.message, remark.hint) == (message, "")


def test_it_does_not_load() -> None:
    """The world that was in force stays there, and the author sees where the slip is."""
    text = b'@id("f")\nforbid (principal, action, resource)\nwhen { action == Action::"do:write" };'

    with pytest.raises(InvalidWorld) as caught:
        load_policies({GLOBAL: text}, DIRECTORY)

    (told,) = caught.value.diagnostics
    assert (told.position.line, told.rule) == (3, "policy-type")
