"""Comparisons that come out the same for every call: slips that the engine's validator lets pass.

A forbid on one never forbids. In the scope of a policy the validator refuses
them, for no action is left; in a condition they are only false.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from authz.policy.names import nodes_of
from authz.policy.reading import EntityId
from authz.policy.remarks import Remark, entity
from authz.policy.schema import GROUPS

_CAN_BE: Mapping[str, Set[str]] = {
    "principal": frozenset({"User", "Agent"}),
    "action": frozenset({"Action"}),
    "resource": frozenset({"Tool", "MCPServer", "MCPResource", "Prompt", "Tasks", "HTTPRoute"}),
}
"""Types of the entities that a variable can be."""


def senseless_comparisons(policy: Mapping[str, Any]) -> Iterator[Remark]:
    """Give a remark for every comparison of *policy* (the engine's JSON form) that never varies."""
    for node in nodes_of(policy):
        for operator in ("==", "!="):
            yield from _unequal(node.get(operator))
        yield from _turned_round(node.get("in"))


def _unequal(operand: Any) -> Iterator[Remark]:
    """Tell of a variable that is held against what it only can be in."""
    match operand:
        case {"left": {"Var": str(variable)}, "right": {"Value": {"__entity": named}}} | {
            "right": {"Var": str(variable)},
            "left": {"Value": {"__entity": named}},
        }:
            kind, name = named["type"], named["id"]
            if not _can_be(variable, (kind, name)):
                message = f"{variable} is in {kind} {name} at most, so it never equals it"
                yield Remark(message, _hint(variable, kind, name), about=entity(kind, name))


def _turned_round(operand: Any) -> Iterator[Remark]:
    """Tell of something larger that is looked for in a variable."""
    match operand:
        case {"left": {"Value": {"__entity": named}}, "right": {"Var": str(variable)}}:
            kind, name = named["type"], named["id"]
            # A server is a resource itself where a session is asked for; only that would be in it.
            if not _can_be(variable, (kind, name)) or kind == "MCPServer":
                message = f"the {kind} {name} is in no {variable}"
                yield Remark(message, _hint(variable, kind, name), about=entity(kind, name))


def _can_be(variable: str, named: EntityId) -> bool:
    kind, name = named
    return kind in _CAN_BE.get(variable, {kind}) and (kind != "Action" or name not in GROUPS)


def _hint(variable: str, kind: str, name: str) -> str:
    return f'write `{variable} in {kind}::"{name}"`'
