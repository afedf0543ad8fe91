"""`policy.batches`: apart, policies are found right and wrong as they are together."""

from __future__ import annotations

from itertools import product

import pytest
from cedarpy import Schema, validate_policies
from hypothesis import given, settings
from hypothesis import strategies as st

from authz.directory.progress import untold
from authz.model.strict_json import JSON
from authz.policy.batches import MOST_ACTIONS, batches, is_pinned
from authz.policy.engine_words import without_id
from authz.policy.quarantine import ToolRow
from authz.policy.schema import FIXED_ACTIONS, route_action, schema_text, tool_action
from authz.policy.shapes import compile_shape
from authz.policy.source import Sourced, read_source
from authz.policy.statements import split_statements
from authz.policy.validator import refusals

INPUTS: dict[str, dict[str, JSON]] = {
    "n": {"type": "integer"},
    "s": {"type": "string"},
    "l": {"type": "array", "items": {"type": "string"}},
    "o": {"type": "object", "properties": {"s": {"type": "string"}}},
}
NAMES = [f"tools/{server}/{name}" for server in ("a", "b") for name in INPUTS]
TOOLS: list[ToolRow] = [
    (name, action, compile_shape({"type": "object", "properties": {"x": kind}}))
    for (name, kind), action in zip(
        zip(NAMES, [*INPUTS.values(), *INPUTS.values()], strict=True),
        ["read", "write"] * len(INPUTS),
        strict=True,
    )
]
ROUTES = [("tools/web/GET /x", "read"), ("tools/web/POST /x", "write")]
KNOWN = FIXED_ACTIONS | {tool_action(name) for name in NAMES} | {route_action(x) for x, _ in ROUTES}
WHOLE = Schema.from_str(schema_text(TOOLS, ROUTES))


def tool(name: str) -> str:
    """Name the action of a tool of server a."""
    return f'Action::"tools/call:tools/a/{name}"'


SCOPES = (
    "",
    *(f" == {tool(name)}" for name in INPUTS),
    f" in [{tool('n')}, {tool('s')}]",
    f" in {tool('o')}",
    f' in [{tool("n")}, Action::"do:read"]',
    ' in Action::"tools/call"',
    ' == Action::"tools/call"',
    ' in Action::"do:write"',
    ' == Action::"http/request:tools/web/GET /x"',
    ' == Action::"mcp/session"',
    f" == {tool('nowhere')}",
    " in []",
)
CONDITIONS = (
    "true",
    "context.input.x > 1",
    "context.input has x && context.input.x > 1",
    'context.input has x && context.input.x like "a*"',
    "context has input && context.input has x && context.input.x.isEmpty()",
    f"action == {tool('s')}",
    f'action == {tool("s")} && context.input has x && context.input.x like "a"',
    'action == Action::"tools/call:tools/b/s" || action in Action::"do:read"',
    f"action in [{tool('l')}, {tool('never')}]",
    "resource.readOnly",
    'resource == Tool::"tools/b/n" && resource.sensitivity > 2',
    'principal.lifecycle == Lifecycle::"active"',
    'resource.method == "GET"',
    "context.session.nothing",
)
HEADS = ("principal", "principal is Agent")


def sourced() -> list[Sourced]:
    """Give one policy for every scope, condition and principal."""
    text = "\n".join(
        f'@id("{number}") permit ({head}, action{scope}, resource) when {{ {condition} }};'
        for number, (head, scope, condition) in enumerate(product(HEADS, SCOPES, CONDITIONS))
    )
    statements = split_statements("policies/global/x.cedar", text)
    return [Sourced(read_source(each, ""), each) for each in statements]


def found_in(rows: list[Sourced], schema: Schema) -> dict[str, set[str]]:
    """Give what the engine says of each, by its `@id`."""
    names = {f"policy{index}": row.source.annotations["id"] for index, row in enumerate(rows)}
    found: dict[str, set[str]] = {}
    for error in validate_policies("\n".join(row.source.text for row in rows), schema).errors:
        name = names[error.policy_id]
        assert name is not None
        found.setdefault(name, set()).add(without_id(error.error))
    return found


def found_apart(rows: list[Sourced], tools: list[ToolRow]) -> dict[str, set[str]]:
    """Give what the batches of *rows* say of each, by its `@id`."""
    found: dict[str, set[str]] = {}
    for each in refusals(batches(rows, tools, ROUTES), untold):
        name = each.policy.source.annotations["id"]
        assert name is not None
        found[name] = set(each.messages)
    return found


@pytest.mark.parametrize("at_once", [1, 3, 200])
def test_apart_as_together(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine finds the same wrong with the same policies, in the same words."""
    monkeypatch.setattr("authz.policy.batches.AT_ONCE", at_once)
    rows = sourced()
    together = found_in(rows, WHOLE)

    assert len(rows) / 10 < len(together) < len(rows)
    assert found_apart(rows, TOOLS) == together


def test_every_policy_with_every_action(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy is in one batch if it is pinned, and else beside every action there is."""
    monkeypatch.setattr("authz.policy.batches.AT_ONCE", 3)
    rows = sourced()
    met: dict[str, set[object]] = {}
    parts = [*batches(rows, TOOLS, ROUTES)]
    for part in parts:
        for row in part.policies:
            names = met.setdefault(str(row.position), set())
            names.update(each[0] for each in part.tools)
            names.update(each[0] for each in part.routes)
    everything = {each[0] for each in (*TOOLS, *ROUTES)}

    assert max(len(part.tools) + len(part.routes) for part in parts) < len(everything)
    assert all(met[str(row.position)] == everything for row in rows if not is_pinned(row, KNOWN))
    assert all(
        sum(row in part.policies for part in parts) == 1
        for row in rows[::7]
        if is_pinned(row, KNOWN)
    )


def test_small() -> None:
    """No batch of pinned policies has a schema of more than `MOST_ACTIONS` actions."""
    many = [(f"tools/c/{number}", "read", TOOLS[0][2]) for number in range(5 * MOST_ACTIONS)]
    text = "\n".join(
        f'@id("{name}") permit (principal, action == Action::"tools/call:{name}", resource);'
        for name, _, _ in many
    )
    rows = [
        Sourced(read_source(each, ""), each)
        for each in split_statements("policies/global/x.cedar", text)
    ]
    parts = list(batches(rows, many, ()))

    assert [(len(part.policies), len(part.tools)) for part in parts] == [(MOST_ACTIONS,) * 2] * 5
    assert found_apart(rows, many) == {}


CLASSES = st.sampled_from(["n", "s", "l", "o"])
POLICIES = st.lists(
    st.tuples(st.sampled_from(HEADS), st.sampled_from(SCOPES), st.sampled_from(CONDITIONS)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25)
@given(st.lists(CLASSES, max_size=7), POLICIES, st.integers(1, 4))
def test_apart_as_together_in_any_world(
    kinds: list[str], policies: list[tuple[str, str, str]], at_once: int
) -> None:
    """Whatever tools there are: also where some actions of a batch are of no use to a policy."""
    shapes = {kind: TOOLS[at][2] for at, kind in enumerate(INPUTS)}
    tools: list[ToolRow] = [
        (
            f"tools/a/{kind}" if at == kinds.index(kind) else f"tools/z/{at}",
            ("read", "write")[at % 2],
            shapes[kind],
        )
        for at, kind in enumerate(kinds)
    ]
    text = "\n".join(
        f'@id("{number}") permit ({head}, action{scope}, resource) when {{ {condition} }};'
        for number, (head, scope, condition) in enumerate(policies)
    )
    statements = split_statements("policies/global/x.cedar", text)
    rows = [Sourced(read_source(each, ""), each) for each in statements]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("authz.policy.batches.AT_ONCE", at_once)

        whole = Schema.from_str(schema_text(tools, ROUTES))
        assert found_apart(rows, tools) == found_in(rows, whole)
