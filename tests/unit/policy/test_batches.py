"""`policy.batches`: apart, policies are found right and wrong as they are together."""

from __future__ import annotations

from itertools import product

from cedarpy import Schema, validate_policies

from authz.model.strict_json import JSON
from authz.policy.batches import MOST_ACTIONS, batches
from authz.policy.engine_words import without_id
from authz.policy.quarantine import ToolRow
from authz.policy.schema import schema_text
from authz.policy.shapes import compile_shape
from authz.policy.source import Sourced, read_source
from authz.policy.statements import split_statements

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


def test_apart_as_together() -> None:
    """The engine finds the same wrong with the same policies, in the same words."""
    rows = sourced()
    together = found_in(rows, WHOLE)
    apart: dict[str, set[str]] = {}
    parts = list(batches(rows, TOOLS, ROUTES, WHOLE))
    for batch in parts:
        apart |= found_in([*batch.policies], batch.schema)

    assert len(parts) > 1
    assert sorted(id(row) for part in parts for row in part.policies) == sorted(map(id, rows))
    assert len(rows) / 10 < len(together) < len(rows)
    assert apart == together


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
    parts = list(batches(rows, many, (), WHOLE))

    assert [len(part.policies) for part in parts] == [MOST_ACTIONS] * 5
    assert all(part.schema is not WHOLE for part in parts)
    assert all(not found_in([*part.policies], part.schema) for part in parts)
