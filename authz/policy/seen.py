"""The values that a condition saw: every attribute, tag and membership that it reads.

Arguments are shown by the rule of decision records (`model.masking`): a value
only where the tool's `record` opens it. Of headers only names are shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from authz.model.masking import MAX_TEXT, shown
from authz.model.pointer import extend, look_up
from authz.model.strict_json import JSON
from authz.policy.arguments import spelled
from authz.policy.cedar_text import Form, entity_text, quoted, text_of
from authz.policy.paths import INPUT, Path, path_of
from authz.policy.question import Question
from authz.policy.scene import EntityKey, Stage
from authz.policy.session import ARGUMENTS

ABSENT = "absent"
PRESENT = "present"
NONE = "none"
OTHERWISE_SPELT = "of an argument whose name is spelt otherwise, masked"
MAX_SHOWN = 32
"""Members of a set that are shown."""

_POINTERS = frozenset({("context", "unknownArgs"), ("context", "untypedArgs")})

Seen = Mapping[str, str]
"""By path, as Cedar writes it: what was found there, as Cedar text, or `absent`."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One leg's facts, to be looked at by path."""

    question: Question
    stage: Stage
    context: Mapping[str, Any]

    @classmethod
    def of(cls, question: Question, stage: Stage) -> Sight:
        """Give the facts of *stage*."""
        return cls(question, stage, json.loads(stage.request["context"]))

    def seen_by(self, form: Form) -> Seen:
        """Give what an expression reads, in its order, and what it found there."""
        return dict(self._reads(form))

    def _reads(self, form: Form) -> Iterator[tuple[str, str]]:
        path = path_of(form)
        if path:
            yield text_of(form), self._at(path)
            return
        ((operator, operand),) = form.items()
        match operator, operand:
            case "has", {"left": left, "attr": name} if path_of(left):
                asked = {".": {"left": left, "attr": name}}
                yield text_of(asked), self._at(path_of(asked))
            case "hasTag" | "getTag", {"left": left, "right": {"Value": str(name)}} if path_of(
                left
            ):
                yield f"{text_of(left)}.getTag({quoted(name)})", self._tag(path_of(left), name)
            case "in", {"left": left, "right": right} if path_of(left):
                yield from self._memberships(left, right)
            case "is", {"left": left, "in": right} if path_of(left):
                yield text_of(left), self._at(path_of(left))
                yield from self._memberships(left, right)
            case _:
                for inner in _operands(operator, operand):
                    yield from self._reads(inner)

    def _at(self, path: Path) -> str:
        value = self._value(path)
        if value is None:
            return ABSENT
        if path[:2] == INPUT and path != INPUT:
            return self._argument(path[2:], value)
        return _listed_pointers(value) if path in _POINTERS else _text(value)

    def _value(self, path: Path) -> Any:
        """Give the value at *path* as the engine has it; None where there is none."""
        variable, *names = path
        value: Any = self.context
        if variable != "context":
            value = {"__entity": self.stage.request[variable]}
        for name in names:
            members = self._members(value)
            value = members.get(name) if isinstance(members, Mapping) else None
        return value

    def _members(self, value: Any) -> Any:
        """Give the attributes of an entity; of anything else itself."""
        key = _key(value)
        return value if key is None else self.stage.rows.get(key, {}).get("attrs")

    def _argument(self, names: Path, typed: object) -> str:
        pointer = ""
        for name in names:
            pointer = extend(pointer, name)
        return self._masked(pointer, look_up(dict(self.question.arguments or {}), pointer), typed)

    def _masked(self, pointer: str, value: JSON, typed: object) -> str:
        opened = self.question.offer.record if self.question.offer else frozenset()
        row = shown(pointer[:MAX_TEXT], value, opened)
        return _text(typed) if "value" in row else f"{row['type']}, masked"

    def _tag(self, path: Path, name: str) -> str:
        key = _key(self._value(path))
        row = None if key is None else self.stage.rows.get(key)
        if row is None or name not in row["tags"]:
            return ABSENT
        if key != ARGUMENTS:
            return PRESENT
        value = look_up(dict(self.question.arguments or {}), name)
        if spelled(value) != row["tags"][name]:
            # Its name was folded from another one, which is not what `record` opens.
            return OTHERWISE_SPELT
        return self._masked(name, value, row["tags"][name])

    def _memberships(self, left: Form, right: Form) -> Iterator[tuple[str, str]]:
        """Give what the entity at *left* is in, of the types that *right* names."""
        key = _key(self._value(path_of(left)))
        above = [] if key is None else [key, *self._above(key)]
        for kind in dict.fromkeys(_types_in(right)):
            found = [entity_text({"type": t, "id": i}) for t, i in above if t == kind]
            yield f"{text_of(left)} in {kind}", ABSENT if key is None else _row_of(found)
        yield from self._reads(right)

    def _above(self, key: EntityKey) -> Iterator[EntityKey]:
        """Give everything that an entity is in, the nearest first."""
        left, known = [key], {key}
        while left:
            row = self.stage.rows.get(left.pop(0), {"parents": []})
            for found in ((each["type"], each["id"]) for each in row["parents"]):
                if found not in known:
                    known.add(found)
                    left.append(found)
                    yield found


def _operands(operator: str, operand: Any) -> Iterator[Form]:
    match operand:
        case list():
            yield from operand
        case dict() if operator == "Record":
            yield from operand.values()
        case dict() if operator != "Value":
            yield from (inner for inner in operand.values() if isinstance(inner, dict))


def _types_in(form: Form) -> Iterator[str]:
    match form:
        case {"Value": {"__entity": {"type": str(kind)}}}:
            yield kind
        case {"Set": rows}:
            for row in rows:
                yield from _types_in(row)


def _key(value: Any) -> EntityKey | None:
    match value:
        case {"__entity": {"type": str(kind), "id": str(name)}}:
            return kind, name
    return None


def _text(value: Any) -> str:
    match value:
        case {"__entity": reference}:
            return entity_text(reference)
        case {"__extn": {"fn": name, "arg": argument}}:
            return f"{name}({quoted(argument)})"
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value[:MAX_TEXT])
        case list():
            return f"[{_some([_text(row) for row in value[: MAX_SHOWN + 1]])}]"
        case dict():
            return "{…}"
    return str(value)


def _listed_pointers(pointers: list[str]) -> str:
    return _text([pointer[:MAX_TEXT] for pointer in pointers])


def _row_of(texts: list[str]) -> str:
    return _some(texts) or NONE


def _some(texts: list[str]) -> str:
    return ", ".join([*texts[:MAX_SHOWN], *(["…"] if len(texts) > MAX_SHOWN else [])])
