"""An expression in the engine's JSON form (EST) to Cedar text, on one line and with few brackets.

Law: what the engine reads in the text is the expression again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any

Form = Mapping[str, Any]
"""One node of an expression: its operator, and what that is applied to."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = frozenset({"true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"})
_RELATIONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})
_SUMS = frozenset({"+", "-"})
_METHODS = frozenset({"contains", "containsAll", "containsAny", "hasTag", "getTag"})
CONSTRUCTORS = frozenset({"decimal", "ip", "datetime", "duration"})
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


class _Level(IntEnum):
    """How tightly an expression holds together; what holds less than is wanted gets brackets."""

    IF = 0
    OR = 1
    AND = 2
    RELATION = 3
    SUM = 4
    PRODUCT = 5
    UNARY = 6
    MEMBER = 7


def text_of(form: Form) -> str:
    """Write *form* as Cedar."""
    return _written(form)[0]


def quoted(text: str) -> str:
    """Write *text* as a Cedar string, whatever characters it has."""
    return f'"{"".join(map(_escaped, text))}"'


def entity_text(reference: Mapping[str, str]) -> str:
    """Write a reference (`type`, `id`) to an entity."""
    return f"{reference['type']}::{quoted(reference['id'])}"


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if character.isprintable() else f"\\u{{{ord(character):x}}}"


def _within(written: tuple[str, _Level], level: _Level) -> str:
    """Give what is written, in brackets unless it holds together as *level* wants."""
    text, own = written
    return text if own >= level else f"({text})"


def _written(form: Form) -> tuple[str, _Level]:
    ((operator, operand),) = form.items()
    match operator:
        case "Value":
            return _value(operand)
        case "Var":
            return str(operand), _Level.MEMBER
        case "." | "has":
            return _attribute(operator, operand)
        case "Set":
            return f"[{_listed(operand)}]", _Level.MEMBER
        case "Record":
            return _record(operand), _Level.MEMBER
        case "like" | "is":
            return _tested(operator, operand), _Level.RELATION
        case "if-then-else":
            parts = (text_of(operand[part]) for part in ("if", "then", "else"))
            return "if {} then {} else {}".format(*parts), _Level.IF
        case _:
            return _applied(operator, operand)


def _applied(operator: str, operand: Any) -> tuple[str, _Level]:
    """Write an operator, a method or a function with what it is applied to."""
    if operator in CONSTRUCTORS:
        return f"{operator}({_listed(operand)})", _Level.MEMBER
    if isinstance(operand, list):
        return _method(operator, operand), _Level.MEMBER
    if operator in _METHODS:
        return _method(operator, [operand["left"], operand["right"]]), _Level.MEMBER
    if operator == "isEmpty":
        return _method(operator, [operand["arg"]]), _Level.MEMBER
    if operator == "!":
        return f"!{_within(_written(operand['arg']), _Level.MEMBER)}", _Level.UNARY
    if operator == "neg":
        return f"-({text_of(operand['arg'])})", _Level.UNARY
    level = _level_of(operator)
    # Relations do not chain; the others hold to the left.
    to_the_left = _Level.SUM if level is _Level.RELATION else level
    left = _within(_written(operand["left"]), to_the_left)
    right = _within(_written(operand["right"]), _Level(level + 1))
    return f"{left} {operator} {right}", level


def _level_of(operator: str) -> _Level:
    if operator in _RELATIONS:
        return _Level.RELATION
    if operator in _SUMS:
        return _Level.SUM
    return {"||": _Level.OR, "&&": _Level.AND, "*": _Level.PRODUCT}[operator]


def _value(value: Any) -> tuple[str, _Level]:
    match value:
        case bool():
            return ("true" if value else "false"), _Level.MEMBER
        case int():
            return str(value), _Level.UNARY if value < 0 else _Level.MEMBER
        case str():
            return quoted(value), _Level.MEMBER
        case {"__entity": reference}:
            return entity_text(reference), _Level.MEMBER
    raise ValueError(f"Cedar text has no literal of {type(value).__name__}")


def _attribute(operator: str, operand: Form) -> tuple[str, _Level]:
    name = str(operand["attr"])
    is_name = _is_name(name)
    if operator == "has":
        wanted = name if is_name else quoted(name)
        return f"{_within(_written(operand['left']), _Level.SUM)} has {wanted}", _Level.RELATION
    base = _within(_written(operand["left"]), _Level.MEMBER)
    return (f"{base}.{name}" if is_name else f"{base}[{quoted(name)}]"), _Level.MEMBER


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name not in _RESERVED


def _tested(operator: str, operand: Form) -> str:
    left = _within(_written(operand["left"]), _Level.SUM)
    if operator == "like":
        return f'{left} like "{"".join(map(_pattern, operand["pattern"]))}"'
    text = f"{left} is {operand['entity_type']}"
    return f"{text} in {_within(_written(operand['in']), _Level.SUM)}" if "in" in operand else text


def _method(name: str, operands: Iterable[Form]) -> str:
    receiver, *arguments = operands
    return f"{_within(_written(receiver), _Level.MEMBER)}.{name}({_listed(arguments)})"


def _listed(forms: Iterable[Form]) -> str:
    return ", ".join(map(text_of, forms))


def _record(members: Mapping[str, Form]) -> str:
    rows = (f"{quoted(name)}: {text_of(member)}" for name, member in members.items())
    return f"{{{', '.join(rows)}}}"


def _pattern(part: Any) -> str:
    if part == "Wildcard":
        return "*"
    return quoted(part["Literal"])[1:-1].replace("*", "\\*")
