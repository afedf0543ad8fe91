"""Policies and actions in batches that are validated sooner apart than together.

The engine tries each policy with every action of the schema, also those that the
policy's scope leaves out, and each of these the slower the more there are: ten
thousand policies by a thousand tools are minutes, and so are a dozen by ten
thousand tools.

A policy that says which actions they are that it is about is no other for the
rest of them, so it is validated with a schema of these alone, and of those that
it names elsewhere. A general policy is tried with all actions, some at a time:
what the engine says of one action depends on the policy, on that action, and on
whether the actions that the policy names are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

from cedarpy import Schema

from authz.policy.names import nodes_of
from authz.policy.quarantine import RouteRow, ToolRow
from authz.policy.reading import named_in
from authz.policy.schema import (
    AT_ONCE,
    FIXED_ACTIONS,
    GROUPS,
    route_action,
    schema_text,
    tool_action,
)
from authz.policy.source import Sourced

Row = TypeVar("Row")

MOST_ACTIONS = 20
"""That the policies of one batch name together, unless a single one names more."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some policies, and actions with which they mean what they mean among all."""

    policies: Sequence[Sourced]
    tools: Sequence[ToolRow]
    routes: Sequence[RouteRow]

    def schema(self) -> Schema:
        """Make the schema of its actions; of two hundred that takes some 50 ms."""
        return Schema.from_str(schema_text(self.tools, self.routes))


def batches(
    policies: Iterable[Sourced], tools: Iterable[ToolRow], routes: Iterable[RouteRow]
) -> Iterator[Batch]:
    """Give batches in which each policy is tried with every action that it can be about."""
    by_tool = {tool_action(row[0]): row for row in tools}
    by_route = {route_action(row[0]): row for row in routes}
    declared = [*by_tool, *by_route]

    def batch(rows: Sequence[Sourced], actions: Iterable[str]) -> Batch:
        own = sorted(actions)
        return Batch(rows, _of(by_tool, own), _of(by_route, own))

    general: list[Sourced] = []
    pinned: list[Sourced] = []
    known = FIXED_ACTIONS.union(declared)
    for row in policies:
        (pinned if is_pinned(row, known) else general).append(row)
    for rows, named in _together(pinned):
        yield batch(rows, named)
    for rows, named in _together(general):
        others = [action for action in declared if action not in named]
        for start in range(0, max(1, len(others)), AT_ONCE):
            yield batch(rows, named.union(others[start : start + AT_ONCE]))


def _of(rows: Mapping[str, Row], names: Iterable[str]) -> list[Row]:
    return [rows[name] for name in names if name in rows]


def _together(policies: Iterable[Sourced]) -> Iterator[tuple[list[Sourced], frozenset[str]]]:
    """Give policies that name few actions together, and these actions."""
    named = [(sorted(actions_named(row)), row) for row in policies]
    rows: list[Sourced] = []
    together: frozenset[str] = frozenset()
    for own, row in sorted(named, key=lambda each: each[0]):
        joined = together.union(own)
        if rows and len(joined) > MOST_ACTIONS:
            yield rows, together
            rows, joined = [], frozenset(own)
        rows.append(row)
        together = joined
    if rows:
        yield rows, together


def is_pinned(row: Sourced, known: Set[str]) -> bool:
    """
    Say whether the scope of a policy says which actions it is about, one by one.

    One of them is among *known*, all that there are: a policy about no action that
    there is the engine tries with every one.
    """
    named = [name for _, name in named_in(row.source.policy["action"])]
    return not known.isdisjoint(named) and not any(name in GROUPS for name in named)


def actions_named(row: Sourced) -> frozenset[str]:
    """Give the ids of all actions that a policy names anywhere."""
    return frozenset(
        node["id"]
        for node in nodes_of(row.source.policy)
        if node.get("type") == "Action" and isinstance(node.get("id"), str)
    )
