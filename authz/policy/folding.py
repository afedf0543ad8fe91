"""Policies that cannot matter to a leg, found without asking the engine.

What is asked for and who asks are known before a call comes: a condition on
them alone has one truth for all calls. A policy is left out only where one of
its conditions is false, and nothing that the engine comes to before it can err.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from authz.policy.cedar_text import CONSTRUCTORS
from authz.policy.paths import path_of
from authz.policy.reading import EntityId, named_in
from authz.policy.source import Source, conditions_of

LEG_OF = {"Group": "User", "Role": "User", "Namespace": "Agent"}
"""Whose legs a principal that is in an entity of this type can be."""

_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_CALM = frozenset(
    {"Value", "Var", "Set", "Record", "has", "like", "is", "in", "&&", "||", "!", "if-then-else"}
    | {"contains", "containsAll", "containsAny", "isEmpty", "hasTag"}
    | {"lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"}
    | {"isInRange", "isIpv4", "isIpv6", "isLoopback", "isMulticast"}
    | _COMPARED.keys()
)
"""Operators that never err where the validator let them pass. Sums overflow, and are not here."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a leg before any call of it."""

    kind: str
    """`User` or `Agent`."""

    action: str
    actions: Set[str]
    """The action and all groups that it is in."""

    resource: EntityId
    within: Set[EntityId]
    """The resource and all that it is in."""

    facts: Mapping[str, Any]
    """Attributes of the resource that are the same for all calls."""

    inputs: Set[str] | None
    """Names of the typed arguments; None where that is not known."""


def is_dead(source: Source, known: Known) -> bool:
    """Say whether a policy holds for no call of a leg, and errs for none."""
    if not _scope_may_hold(source.policy, known):
        return True
    for condition in (*conditions_of(source.guard), *source.policy["conditions"]):
        if fold(condition["body"], known) is (condition["kind"] == "unless"):
            return True
        if not is_calm(condition["body"]):
            return False
    return False


def _scope_may_hold(policy: Mapping[str, Any], known: Known) -> bool:
    return (
        _principal_may(policy["principal"], known)
        and _is_within(policy["action"], {("Action", name) for name in known.actions})
        and _resource_may(policy["resource"], known)
    )


def _principal_may(constraint: Mapping[str, Any], known: Known) -> bool:
    kind = constraint.get("entity_type")
    named = [*named_in(constraint), *([(kind, "")] if kind else [])]
    return all(LEG_OF.get(each, each) == known.kind for each, _ in named)


def _resource_may(constraint: Mapping[str, Any], known: Known) -> bool:
    kind = constraint.get("entity_type", known.resource[0])
    return bool(kind == known.resource[0]) and _is_within(constraint, known.within)


def _is_within(constraint: Mapping[str, Any], known: Set[EntityId]) -> bool:
    named = named_in(constraint)
    return not named or not known.isdisjoint(named)


def is_calm(form: Any) -> bool:
    """Say whether evaluating *form* (EST) errs for no call, given that it validates."""
    ((name, operand),) = form.items()
    if name in CONSTRUCTORS:
        return all("Value" in each for each in operand)
    if name == ".":
        # Whatever stands in a path from a variable is there; a named entity may be missing.
        return bool(path_of(form))
    return name in _CALM and all(map(is_calm, _operands(name, operand)))


def _operands(name: str, operand: Any) -> list[Any]:
    match name:
        case "Value" | "Var":
            return []
        case "Record":
            return [*operand.values()]
        case "has" | "like":
            return [operand["left"]]
        case "is":
            return [operand[side] for side in ("left", "in") if side in operand]
    return operand if isinstance(operand, list) else [*operand.values()]


def fold(form: Mapping[str, Any], known: Known) -> bool | None:
    """Give the one truth that *form* (EST) has for all calls of a leg; None where it depends."""
    ((name, operand),) = form.items()
    match name:
        case "Value" | ".":
            value = operand if name == "Value" else _fact(form, known)
            return value if isinstance(value, bool) else None
        case "!":
            inner = fold(operand["arg"], known)
            return None if inner is None else not inner
        case "&&" | "||":
            return _joined(operand["left"], operand["right"], known, stop=name == "||")
        case "if-then-else":
            return _chosen(operand, known)
    return _folded_test(name, operand, known)


def _folded_test(name: str, operand: Any, known: Known) -> bool | None:
    match name:
        case "is":
            return _folded_type(operand, known)
        case "in":
            return _folded_membership(operand["left"], operand["right"], known)
        case "has":
            return _folded_presence(operand, known)
    if name in _COMPARED:
        return _folded_comparison(name, operand["left"], operand["right"], known)
    return None


def _chosen(operand: Mapping[str, Any], known: Known) -> bool | None:
    condition = fold(operand["if"], known)
    if condition is None:
        return None
    return fold(operand["then" if condition else "else"], known)


def _joined(left: Any, right: Any, known: Known, *, stop: bool) -> bool | None:
    """Fold a conjunction, or a disjunction, for which *stop* is the truth that ends it."""
    first, second = fold(left, known), fold(right, known)
    if first is stop:
        return stop
    if second is stop and (first is not None or is_calm(left)):
        return stop
    return None if first is None or second is None else not stop


def _fact(form: Mapping[str, Any], known: Known) -> Any:
    match path_of(form):
        case ("resource", name):
            return known.facts.get(name)
    return None


def _folded_comparison(name: str, left: Any, right: Any, known: Known) -> bool | None:
    fact = _fact(left, known)
    match right:
        case {"Value": int() | str() as value} if type(value) is type(fact):
            return _COMPARED[name](fact, value)
    named = _literals(right)
    if name == "==" and named:
        return _folded_identity(left, named[0], known)
    return None


def _folded_identity(left: Any, named: EntityId, known: Known) -> bool | None:
    match left:
        case {"Var": "action"}:
            return named == ("Action", known.action)
        case {"Var": "resource"}:
            return named == known.resource
        case {"Var": "principal"} if named[0] != known.kind:
            return False
    return None


def _folded_type(operand: Mapping[str, Any], known: Known) -> bool | None:
    own = {"principal": known.kind, "resource": known.resource[0], "action": "Action"}
    kind = own.get(operand["left"].get("Var", ""))
    if kind is None:
        return None
    if kind != operand["entity_type"]:
        return False
    return _folded_membership(operand["left"], operand["in"], known) if "in" in operand else True


def _folded_membership(left: Any, right: Any, known: Known) -> bool | None:
    named = _literals(right)
    match left:
        case {"Var": "action"} if named:
            return any(kind == "Action" and name in known.actions for kind, name in named)
        case {"Var": "resource"} if named:
            return not known.within.isdisjoint(named)
        case {"Var": "principal"} if named:
            may = any(LEG_OF.get(kind, kind) == known.kind for kind, _ in named)
            return None if may else False
    return None


def _folded_presence(operand: Mapping[str, Any], known: Known) -> bool | None:
    match path_of(operand["left"]):
        case ("context", "input") if known.inputs is not None and (
            operand["attr"] not in known.inputs
        ):
            return False
    return None


def _literals(form: Mapping[str, Any]) -> list[EntityId]:
    """Give the entities that *form* is; none where it is anything else as well."""
    match form:
        case {"Value": {"__entity": reference}}:
            return [(reference["type"], reference["id"])]
        case {"Set": list(members)}:
            found = [_literals(each) for each in members]
            return [entity for each in found for entity in each] if all(found) else []
    return []
