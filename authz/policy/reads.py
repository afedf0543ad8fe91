"""Which arguments the policies about a tool look at: what a decision again has to know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from authz.directory.compiled import Tool
from authz.model.pointer import extend
from authz.policy.compiled import Policies
from authz.policy.question import PolicyRef
from authz.policy.schema import action_groups, tool_action
from authz.policy.seen import INPUT, path_of

ARGUMENTS = ("context", "session", "args")
WHOLE = ""
"""The pointer of all arguments: a policy that compares them as a whole, or computes a name."""


def readers_of(pointers: Set[str], tool: Tool, policies: Policies) -> Iterator[PolicyRef]:
    """
    Give the policies about *tool* that read an argument at, above or below one of *pointers*.

    That it is there, `has` and `hasTag` may ask: names and types are known.
    """
    actions = {tool_action(tool.name), *action_groups(tool.action)}
    for policy in policies.by_engine_id.values():
        form = policy.source.policy
        if _is_about(form["action"], actions):
            read = frozenset(_reads(form["conditions"]))
            if any(_overlap(one, other) for one in pointers for other in read):
                yield policy.ref


def _is_about(scope: Mapping[str, Any], actions: Set[str]) -> bool:
    named = [scope["entity"]] if "entity" in scope else scope.get("entities")
    return named is None or any(entity["id"] in actions for entity in named)


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _reads(form: Any) -> Iterator[str]:
    """Give the pointers of the arguments whose values *form* reads."""
    path = path_of(form) if isinstance(form, dict) else ()
    if path[: len(INPUT)] == INPUT:
        yield _pointer(path[len(INPUT) :])
        return
    match form:
        case {"has": {"left": base}} | {"hasTag": {"left": base}} if path_of(base):
            return
        case {"getTag": {"left": base, "right": name}} if path_of(base) == ARGUMENTS:
            yield name["Value"] if isinstance(name.get("Value"), str) else WHOLE
        case dict():
            for inner in form.values():
                yield from _reads(inner)
        case list():
            for inner in form:
                yield from _reads(inner)


def _pointer(names: tuple[str, ...]) -> str:
    pointer = WHOLE
    for name in names:
        pointer = extend(pointer, name)
    return pointer
