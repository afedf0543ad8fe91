"""The arguments law: every path in one place, and whatever comes out the engine accepts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hypothesis import assume, event, given
from hypothesis import strategies as st

from authz.model.reasons import Reason
from authz.policy.arguments import (
    Arguments,
    BadArgument,
    are_as_declared,
    check_exact,
    sort_arguments,
    texts_of,
)
from authz.policy.shapes import compile_shape
from tests.laws.effort import promised
from tests.laws.judging import TOOL, judged
from tests.laws.schemas import Schema, fitting, forged, names, roots, soup, values
from tests.laws.sound_calls import sound_calls
from tests.support.values import replace

OPEN = b'@id("open") permit (principal, action, resource);\n'
GUARDS = b"""
@id("no-undeclared-arguments")
forbid (principal, action in Action::"tools/call", resource)
unless { context.unknownArgs.isEmpty() };
@id("no-untyped-arguments")
forbid (principal, action in Action::"tools/call", resource)
unless { resource.untypedOk || context.untypedArgs.isEmpty() };
"""
"""The guardrails that are shipped for arguments."""


def judged_with(schema: Schema, arguments: dict[str, Any], policies: bytes) -> Reason:
    """Judge a call with *arguments* at a tool with *schema*."""
    return judged(policies, replace(TOOL, input_schema=schema), arguments)


def sort(schema: Schema, arguments: dict[str, Any]) -> Arguments | None:
    """Sort *arguments*; None where one has another type than declared."""
    try:
        return sort_arguments(arguments, compile_shape(schema))
    except BadArgument:
        return None


def leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Give every leaf with its pointer; an empty container, and a typed decimal, is one."""
    if isinstance(value, dict) and value and "__extn" not in value:
        for name, inner in value.items():
            yield from leaves(inner, f"{at}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{at}/{index}")
    else:
        yield at, value


def raw_leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Give every leaf of what a caller wrote, whatever its members are called."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from raw_leaves(inner, f"{at}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from raw_leaves(inner, f"{at}/{index}")
    else:
        yield at, value


def _calls(schema: Schema) -> st.SearchStrategy[tuple[Schema, dict[str, Any]]]:
    fits = fitting(schema).map(lambda found: found if isinstance(found, dict) else {"a": found})
    return st.tuples(st.just(schema), st.one_of(fits, st.dictionaries(names, values, max_size=3)))


calls = roots().flatmap(_calls)


@promised
@given(st.one_of(sound_calls, calls))
def test_every_path_is_in_exactly_one_place(call: tuple[Schema, dict[str, Any]]) -> None:
    """What the upstream receives is typed, unknown or untyped, or null where that is left out."""
    schema, arguments = call
    found = sort(schema, arguments)
    event(f"sorted: {found is not None}")
    assume(found is not None)
    assert found is not None
    typed = {pointer for pointer, _ in leaves(found.typed)}
    subtrees = [*found.unknown, *found.untyped]

    assert len(subtrees) == len(set(subtrees))
    for pointer, value in raw_leaves(arguments):
        homes = sum(pointer == at or pointer.startswith(f"{at}/") for at in subtrees)
        homes += pointer in typed
        assert homes == 1 or (homes == 0 and (value is None or pointer == "")), pointer


@given(st.one_of(sound_calls, calls))
def test_what_is_taken_at_once_is_what_a_look_would_find(
    call: tuple[Schema, dict[str, Any]],
) -> None:
    """Arguments that are taken for declared have no strays, and every reader reads the same."""
    schema, arguments = call
    is_taken = are_as_declared(arguments, compile_shape(schema))
    event(f"taken at once: {is_taken}")
    assume(is_taken)

    found = sort_arguments(arguments, compile_shape(schema))
    check_exact(arguments)

    assert not found.has_strays
    assert found.typed == arguments


@given(calls)
def test_the_engine_accepts_what_comes_out(call: tuple[Schema, dict[str, Any]]) -> None:
    """An open policy allows every call whose arguments could be sorted: nothing errs."""
    schema, arguments = call
    found = sort(schema, arguments)

    reason = judged_with(schema, arguments, OPEN)

    event(str(reason))
    fits = found is not None and all(
        is_exact(value) for _, value in raw_leaves(arguments) if not isinstance(value, bool)
    )
    assert reason is (Reason.ALLOW if fits else Reason.BAD_ARGUMENT)


@given(calls, forged, st.data())
def test_forged_values_open_nothing(
    call: tuple[Schema, dict[str, Any]], lie: dict[str, Any], data: st.DataObject
) -> None:
    """A reference, address or date that a caller forged, anywhere, is never allowed to pass."""
    schema, arguments = call
    forged_somewhere = data.draw(_with_lie(arguments, lie))

    found = sort(schema, forged_somewhere)

    assert judged_with(schema, forged_somewhere, OPEN + GUARDS) is not Reason.ALLOW
    if found is not None:
        for _, value in leaves(found.typed):
            assert not isinstance(value, dict) or not value or _is_our_decimal(value)


def _is_our_decimal(value: dict[str, Any]) -> bool:
    return value.keys() == {"__extn"} and value["__extn"]["fn"] == "decimal"


def is_exact(value: Any) -> bool:
    """Say whether every reader takes a number for the same one."""
    if isinstance(value, Decimal):
        return Decimal(repr(float(value))) == value
    return not isinstance(value, int) or abs(value) < 2**53


@st.composite
def _with_lie(draw: st.DrawFn, value: Any, lie: dict[str, Any]) -> Any:
    """Put *lie* somewhere into *value*: in place of a part of it, or as members beside others."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)))
        return {**value, name: draw(_with_lie(value[name], lie))}
    if isinstance(value, list) and value and draw(st.booleans()):
        index = draw(st.integers(0, len(value) - 1))
        return [*value[:index], draw(_with_lie(value[index], lie)), *value[index + 1 :]]
    return {**value, **lie} if isinstance(value, dict) else lie


@given(soup())
def test_any_schema_has_a_shape(schema: Any) -> None:
    """Whatever stands where a schema should, there is a shape, and the engine takes it."""
    inside = {"type": "object", "properties": {"a": schema}}
    whole = schema if isinstance(schema, dict) else inside

    assert judged_with(inside, {}, OPEN) in (Reason.ALLOW, Reason.BAD_ARGUMENT)
    assert judged_with(whole, {}, OPEN) in (Reason.ALLOW, Reason.BAD_ARGUMENT)


@given(st.dictionaries(names, values, max_size=3))
def test_texts_name_every_leaf(arguments: dict[str, Any]) -> None:
    """Every leaf is seen as text under a pointer of its own."""
    wanted = {at for at, _ in raw_leaves(arguments) if at}

    texts = texts_of(arguments)

    assert texts.keys() >= wanted
    assert texts.keys() >= {at.casefold() for at in wanted}
