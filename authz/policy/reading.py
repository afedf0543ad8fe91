"""What policies look at when they are evaluated: whatever they do not name cannot matter.

Cedar reads attributes by literal names, and entities in policies are literals
too. So a fact under a name that stands in no condition can be left out, and a
group, a role or an id that no policy names need not be told. Where that is not
plain from a policy's form, it reads everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from authz.policy.source import Source, conditions_of

EntityId = tuple[str, str]
"""Type and id."""

_PRINCIPAL = {"Var": "principal"}
_COMPARISONS = frozenset({"==", "!="})
_SETS = frozenset({"contains", "containsAll", "containsAny"})
_FOLLOWED = frozenset({".", "has", "getTag", "hasTag"})
"""What looks into the entity or record on its left."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What some policies look at together."""

    names: frozenset[str] = frozenset()
    """Of all attributes that they get, or ask for."""

    got: frozenset[str] = frozenset()
    """Of those that they get, and do not only ask for with `has`."""

    asked: frozenset[str] = frozenset()
    """Of those that they ask for with `has`, whether or not they get them as well."""

    wholes: frozenset[str] = frozenset()
    """Of those that they use as they are, so that every member of a record counts."""

    entities: frozenset[EntityId] = frozenset()
    """Those that they name."""

    compares: bool = False
    """Who the principal is counts, beside the entities that they name."""

    everything: bool = False
    """It is not plain what they look at."""

    def ids(self, kind: str) -> frozenset[str]:
        """Give the ids of the entities of type *kind* that they name."""
        return frozenset(name for each, name in self.entities if each == kind)


def reads_of(sources: Iterable[Source]) -> Reads:
    """Give what policies look at, their scopes and the guards of their tiers included."""
    reader = _Reader()
    for source in sources:
        reader.read_policy(source)
    return Reads(
        names=frozenset(reader.got | reader.asked),
        got=frozenset(reader.got),
        asked=frozenset(reader.asked),
        wholes=frozenset(reader.wholes),
        entities=frozenset(reader.entities),
        compares=reader.compares,
        everything=reader.everything,
    )


class _Reader:
    """Walks through forms, and notes what they look at."""

    def __init__(self) -> None:
        self.got: set[str] = set()
        self.asked: set[str] = set()
        self.wholes: set[str] = set()
        self.entities: set[EntityId] = set()
        self.compares = False
        self.everything = False

    def read_policy(self, source: Source) -> None:
        for part in ("principal", "action", "resource"):
            self.entities.update(named_in(source.policy[part]))
        for condition in (*conditions_of(source.guard), *source.policy["conditions"]):
            self._read(condition["body"])

    def _read(self, form: Any, around: str = "") -> None:
        """Note what *form* looks at; *around* is the operator that it stands in."""
        ((operator, operand),) = form.items()
        match operator:
            case "Value":
                self._read_value(operand, around)
            case "Var":
                self._read_variable(operand, around)
            case "." | "has":
                self._read_attribute(operator, operand, around)
            case "==" | "!=":
                self._read_comparison(operator, operand["left"], operand["right"])
            case "in":
                self._read_membership(operand["left"], operand["right"])
            case "is":
                self._read_type(operand)
            case "like":
                self._read(operand["left"], operator)
            case _:
                self._read_operands(operator, operand)

    def _read_operands(self, operator: str, operand: Any) -> None:
        rows = operand.items() if isinstance(operand, dict) else enumerate(operand)
        for place, inner in rows:
            # Of `getTag` and `hasTag` only what stands left is looked into.
            is_name = operator in _FOLLOWED and place == "right"
            self._read(inner, "name" if is_name else operator)

    def _read_value(self, value: Any, around: str) -> None:
        if isinstance(value, dict):
            self.entities.update(_ids([value.get("__entity", {})]))
            if around not in _COMPARISONS | _SETS | {"Set", "within"}:
                self.everything = True

    def _read_variable(self, name: str, around: str) -> None:
        if around in _FOLLOWED or around == "member":
            return
        if name == "principal" and around != "typed":
            self.compares = True
        if name == "context":
            self.everything = True

    def _read_attribute(self, operator: str, operand: Mapping[str, Any], around: str) -> None:
        name = str(operand["attr"])
        (self.got if operator == "." else self.asked).add(name)
        if operator == "." and around not in _FOLLOWED:
            self.wholes.add(name)
        self._read(operand["left"], operator)

    def _read_comparison(self, operator: str, left: Any, right: Any) -> None:
        for one, other in ((left, right), (right, left)):
            # Whether the principal is an entity that is named here, its name says.
            if not (one == _PRINCIPAL and _is_literal(other)):
                self._read(one, operator)

    def _read_membership(self, left: Any, right: Any) -> None:
        self._read(left, "member")
        if _is_literal(right):
            self._read(right, "within")
        else:
            self.everything = True

    def _read_type(self, operand: Mapping[str, Any]) -> None:
        self._read(operand["left"], "typed")
        if "in" in operand:
            self._read_membership(operand["left"], operand["in"])


def _is_literal(form: Mapping[str, Any]) -> bool:
    match form:
        case {"Value": {"__entity": _}}:
            return True
        case {"Set": list(members)}:
            return all(_is_literal(each) for each in members)
    return False


def named_in(constraint: Mapping[str, Any]) -> list[EntityId]:
    """Give the entities that a constraint of a scope names."""
    match constraint:
        case {"entity": reference} | {"in": {"entity": reference}}:
            return [*_ids([reference])]
        case {"entities": references}:
            return [*_ids(references)]
    return []


def _ids(references: Iterable[Mapping[str, str]]) -> Iterator[EntityId]:
    for reference in references:
        if reference:
            yield reference["type"], reference["id"]
