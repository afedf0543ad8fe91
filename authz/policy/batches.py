"""Policies in batches that are validated sooner apart than together.

The engine tries each policy with every action of the schema, also those that the
policy's scope leaves out: ten thousand policies by a thousand tools are minutes.
A policy that says which actions it is about is no other for the rest of them, so
it is validated with a schema of these, and of those that it names elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cedarpy import Schema

from authz.policy.names import nodes_of
from authz.policy.quarantine import RouteRow, ToolRow
from authz.policy.schema import GROUPS, route_action, schema_text, tool_action
from authz.policy.source import Sourced

MOST_ACTIONS = 20
"""Of one batch. A policy that names more is validated with all there are."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some policies, and a schema in which they mean what they mean among all actions."""

    policies: Sequence[Sourced]
    schema: Schema


def batches(
    policies: Iterable[Sourced],
    tools: Iterable[ToolRow],
    routes: Iterable[RouteRow],
    whole: Schema,
) -> Iterator[Batch]:
    """Give *policies* in batches; *whole* is the schema of all *tools* and *routes*."""
    by_tool = {tool_action(row[0]): row for row in tools}
    by_route = {route_action(row[0]): row for row in routes}

    def batch(rows: Sequence[Sourced], actions: frozenset[str]) -> Batch:
        own_tools = [by_tool[name] for name in actions if name in by_tool]
        own_routes = [by_route[name] for name in actions if name in by_route]
        return Batch(rows, Schema.from_str(schema_text(own_tools, own_routes)))

    general: list[Sourced] = []
    pinned: list[tuple[list[str], Sourced]] = []
    for row in policies:
        named = actions_named(row)
        if is_pinned(row) and len(named) <= MOST_ACTIONS:
            pinned.append((sorted(named), row))
        else:
            general.append(row)
    rows: list[Sourced] = []
    together: frozenset[str] = frozenset()
    for own, row in sorted(pinned, key=lambda each: each[0]):
        joined = together.union(own)
        if len(joined) > MOST_ACTIONS:
            yield batch(rows, together)
            rows, joined = [], frozenset(own)
        rows.append(row)
        together = joined
    if rows:
        yield batch(rows, together)
    if general:
        yield Batch(general, whole)


def is_pinned(row: Sourced) -> bool:
    """Say whether the scope of a policy says which actions it is about, one by one."""
    match row.source.policy["action"]:
        case {"op": "==", "entity": {"id": str()}}:
            return True
        case {"op": "in", "entities": list(actions)}:
            # The engine tries a policy about no action at all with every one.
            return bool(actions) and all(action["id"] not in GROUPS for action in actions)
        case {"op": "in", "entity": {"id": str(name)}}:
            return name not in GROUPS
    return False


def actions_named(row: Sourced) -> frozenset[str]:
    """Give the ids of all actions that a policy names anywhere."""
    return frozenset(
        node["id"]
        for node in nodes_of(row.source.policy)
        if node.get("type") == "Action" and isinstance(node.get("id"), str)
    )
