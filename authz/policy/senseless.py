"""Comparisons that come out the same for every call: slips that the engine's validator lets pass.

A forbid on one never forbids. In the scope of a policy the validator refuses
them, for no action is left; in a condition they are only false.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from authz.policy.names import nodes_of
from authz.policy.paths import Path, path_of
from authz.policy.reading import EntityId
from authz.policy.remarks import Remark, entity
from authz.policy.schema import GROUPS

_CAN_BE: Mapping[Path, frozenset[str]] = {
    ("principal",): frozenset({"User", "Agent"}),
    ("action",): frozenset({"Action"}),
    ("resource",): frozenset({"Tool", "MCPServer", "MCPResource", "Prompt", "Tasks", "HTTPRoute"}),
    ("context", "session", "user"): frozenset({"User"}),
    ("context", "session", "agent"): frozenset({"Agent"}),
}
"""Types of the entities that stand at a path."""

_OF_A_SERVER = frozenset({"MCPServer", "Namespace"})
_CAN_BE_IN: Mapping[str, frozenset[str]] = {
    "User": frozenset({"Group", "Role"}),
    "Agent": frozenset({"Namespace"}),
    "Action": frozenset({"Action"}),
    "MCPServer": frozenset({"Namespace"}),
    "HTTPRoute": frozenset({"HTTPService", "Namespace"}),
    **dict.fromkeys(("Tool", "MCPResource", "Prompt", "Tasks"), _OF_A_SERVER),
}
"""Types of what an entity of a type can be in, beside itself."""

_TYPES = frozenset().union({"Lifecycle"}, *_CAN_BE.values(), *_CAN_BE_IN.values())
"""Of any other the validator says that there is none."""


def senseless_comparisons(policy: Mapping[str, Any]) -> Iterator[Remark]:
    """Give a remark for every comparison of *policy* (the engine's JSON form) that never varies."""
    for node in nodes_of(policy):
        for operator in ("==", "!="):
            yield from _unequal(node.get(operator))
        yield from _membership(node.get("in"))
        yield from _type(node.get("is"))
        yield from _not_among(node.get("contains"))


def _unequal(operand: Any) -> Iterator[Remark]:
    """Tell of what is held against something that it only can be in."""
    match operand:
        case {"left": left, "right": right}:
            for one, other in ((left, right), (right, left)):
                for named in _named(other):
                    yield from _never_equal(path_of(one), named)


def _not_among(operand: Any) -> Iterator[Remark]:
    """Tell of what is looked for among others, of which it could only be in one."""
    match operand:
        case {"left": {"Set": _} as members, "right": one}:
            for named in _named(members):
                yield from _never_equal(path_of(one), named)


def _membership(operand: Any) -> Iterator[Remark]:
    """Tell of something out of reach, or of something larger that is looked for in a smaller."""
    match operand:
        case {"left": left, "right": right}:
            for named in _named(right):
                yield from _never_in(path_of(left), named)
            for named in _named(left):
                yield from _turned_round(path_of(right), named)


def _type(operand: Any) -> Iterator[Remark]:
    """Tell of a type that something never has, and of what no entity of that type is in."""
    match operand:
        case {"left": left, "entity_type": str(kind)}:
            path = path_of(left)
            if path in _CAN_BE and kind in _TYPES - _CAN_BE[path]:
                words = ".".join(path)
                hint = f'write `{words} in {kind}::"…"`' if kind in _reach(_CAN_BE[path]) else ""
                yield Remark(f"no {words} is of type {kind}", hint, about=(("is", kind),))
            elif kind in _CAN_BE_IN:
                for named in _named(operand.get("in", {})):
                    if named[0] not in _reach(frozenset({kind})):
                        yield _out_of_reach(kind, named)


def _never_equal(path: Path, named: EntityId) -> Iterator[Remark]:
    if path in _CAN_BE and not _can_be(path, named):
        kind, name = named
        message = f"{'.'.join(path)} is in {kind} {name} at most, so it never equals it"
        yield _only_around(path, named, message)


def _never_in(path: Path, named: EntityId) -> Iterator[Remark]:
    if path in _CAN_BE and named[0] not in _reach(_CAN_BE[path]):
        yield _out_of_reach(".".join(path), named)


def _turned_round(path: Path, named: EntityId) -> Iterator[Remark]:
    kind, name = named
    # A server is a resource itself where a session is asked for; only that would be in it.
    if path in _CAN_BE and (kind == "MCPServer" or not _can_be(path, named)):
        yield _only_around(path, named, f"the {kind} {name} is in no {'.'.join(path)}")


def _only_around(path: Path, named: EntityId, message: str) -> Remark:
    """Tell *message* of what can only be around what stands at *path*, if it can be that."""
    kind, name = named
    words = ".".join(path)
    if kind not in _reach(_CAN_BE[path]):
        return _out_of_reach(words, named)
    return Remark(message, f'write `{words} in {kind}::"{name}"`', about=entity(kind, name))


def _out_of_reach(words: str, named: EntityId) -> Remark:
    kind, name = named
    return Remark(f"no {words} is, or is in, {kind} {name}", about=entity(kind, name))


def _named(form: Mapping[str, Any]) -> Iterator[EntityId]:
    """Give the entity, or those of a set, that *form* names."""
    match form:
        case {"Value": {"__entity": {"type": str(kind), "id": str(name)}}} if kind in _TYPES:
            yield kind, name
        case {"Set": list(members)}:
            for each in members:
                yield from _named(each)


def _can_be(path: Path, named: EntityId) -> bool:
    kind, name = named
    return kind in _CAN_BE[path] and (kind != "Action" or name not in GROUPS)


def _reach(kinds: frozenset[str]) -> frozenset[str]:
    """Give the types of all that an entity of one of *kinds* is, or can be in."""
    return kinds.union(*(_CAN_BE_IN[kind] for kind in kinds))
