"""Every argument is visible to policies: for each path there is a rule that reacts to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from authz.model.pointer import tokens_of
from authz.model.reasons import Reason
from authz.policy.arguments import Arguments, sort_arguments
from authz.policy.schema import tool_action
from authz.policy.shapes import Kind, Shape, compile_shape
from tests.laws.effort import promised
from tests.laws.judging import TOOL, judged
from tests.laws.schemas import Schema
from tests.laws.sound_calls import sound_calls
from tests.laws.test_arguments import OPEN, leaves, raw_leaves, sort
from tests.support.values import replace

HOME, TAG = "home", "tag"
ACTION = f'action == Action::"{tool_action(TOOL.name)}"'


@promised
@given(sound_calls, st.integers(0, 999), st.sampled_from((HOME, TAG)))
def test_a_probe_reacts(call: tuple[Schema, dict[str, Any]], number: int, place: str) -> None:
    """A forbid on one path of the arguments forbids the call that has it, and no call without."""
    schema, arguments = call
    found, rows = sort(schema, arguments), [row for row in raw_leaves(arguments) if row[0]]
    assert found is not None
    pointer, value = rows[number % len(rows)]
    tag = f"context.session.args.hasTag({text(pointer)})"
    home = at_home(pointer, value, found, compile_shape(schema)) or tag
    condition = tag if place == TAG else home
    event(".".join(re.findall(r"\w+", condition)[:2]))
    probe = f'@id("probe") forbid (principal, {ACTION}, resource) when {{ {condition} }};'

    tool = replace(TOOL, input_schema=schema)
    assert judged(OPEN + probe.encode(), tool, arguments) is Reason.FORBIDDEN, condition
    assert judged(OPEN + probe.encode(), tool, {}) in (Reason.ALLOW, Reason.BAD_ARGUMENT)


def at_home(pointer: str, value: Any, found: Arguments, shape: Shape) -> str:
    """Write a condition on *pointer* where it was sorted to; empty for a null that is left out."""
    for place, subtrees in (("unknownArgs", found.unknown), ("untypedArgs", found.untyped)):
        for subtree in subtrees:
            if pointer == subtree or pointer.startswith(f"{subtree}/"):
                return f"context.{place}.contains({text(subtree)})"
    if pointer not in dict(leaves(found.typed)):
        assert value is None
        return ""
    return typed("context.input", tokens_of(pointer), value, shape)


def typed(base: str, names: tuple[str, ...], value: Any, shape: Shape) -> str:
    """Write a condition on a typed value: what it is where policies can say, else that it is."""
    if shape.kind is Kind.ARRAY:
        element = shape.element
        is_plain = element is not None and element.kind not in (Kind.ARRAY, Kind.OBJECT)
        if names and is_plain and element is not None:
            return f"{base}.contains({literal(value, element.kind)})"
        return f"!{base}.isEmpty()" if names else f"{base}.isEmpty()"
    if not names:
        return f"{base} == {literal(value, shape.kind)}"
    name, *rest = names
    inner = f"{base}[{text(name)}]"
    there = f"{base} has {text(name)}"
    field = shape.fields[name]
    if not rest and field.shape.kind is Kind.OBJECT:
        return there
    return f"{there} && {typed(inner, tuple(rest), value, field.shape)}"


def literal(value: Any, kind: Kind) -> str:
    """Write a scalar as Cedar does."""
    match kind:
        case Kind.STRING:
            return text(value)
        case Kind.BOOLEAN:
            return "true" if value else "false"
        case Kind.INTEGER:
            return str(int(value))
    given: Mapping[str, Any] = {"value": Decimal(value)}
    number = sort_arguments(given, compile_shape({"properties": {"value": {"type": "number"}}}))
    written: Any = number.typed["value"]
    return f'decimal("{written["__extn"]["arg"]}")'


def text(value: str) -> str:
    """Write a Cedar string with every character by its number: nothing is left to escape."""
    return '"' + "".join(f"\\u{{{ord(each):x}}}" for each in value) + '"'
