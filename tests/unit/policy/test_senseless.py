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


def test_it_does_not_load() -> None:
    """The world that was in force stays there, and the author sees where the slip is."""
    text = b'@id("f")\nforbid (principal, action, resource)\nwhen { action == Action::"do:write" };'

    with pytest.raises(InvalidWorld) as caught:
        load_policies({GLOBAL: text}, DIRECTORY)

    (told,) = caught.value.diagnostics
    assert (told.position.line, told.rule) == (3, "policy-type")
