"""A schema with arguments that fit it, drawn at once, so that nothing has to be rejected."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.laws.schemas import Schema, names, texts

Drawn = tuple[Schema, Any]
"""A schema, and a value for it."""

EXACT = 2**53 - 1

SCALARS: tuple[tuple[Schema, st.SearchStrategy[Any]], ...] = (
    ({"type": "string"}, texts),
    ({"type": "integer"}, st.integers(-EXACT, EXACT)),
    ({"type": "number"}, st.integers(-(10**6), 10**6).map(lambda number: Decimal(number) / 4)),
    ({"type": "boolean"}, st.booleans()),
    ({"enum": ["x", "y"]}, st.sampled_from(["x", "y"])),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, st.one_of(texts, st.none())),
)
OPAQUE: tuple[Schema, ...] = ({}, {"type": ["string", "integer"]}, {"enum": ["x", 1]})
strange = st.one_of(texts, st.booleans(), st.lists(texts, max_size=2))


@st.composite
def _field(draw: st.DrawFn, depth: int) -> Drawn:
    kinds: list[Callable[[], Drawn]] = [
        lambda: _with(draw, *draw(st.sampled_from(SCALARS))),
        lambda: (draw(st.sampled_from(OPAQUE)), draw(strange)),
        lambda: _listed(draw, *draw(st.sampled_from(SCALARS[:5]))),
    ]
    if depth:
        kinds += [lambda: draw(_object(depth - 1)), lambda: _repeated(*draw(_object(depth - 1)))]
    return kinds[draw(st.integers(0, len(kinds) - 1))]()


def _with(draw: st.DrawFn, schema: Schema, fits: st.SearchStrategy[Any]) -> Drawn:
    return schema, draw(fits)


def _listed(draw: st.DrawFn, schema: Schema, fits: st.SearchStrategy[Any]) -> Drawn:
    return {"type": "array", "items": schema}, draw(st.lists(fits, max_size=3))


def _repeated(schema: Schema, value: Any) -> Drawn:
    return {"type": "array", "items": schema}, [value, value]


@st.composite
def _object(draw: st.DrawFn, depth: int) -> Drawn:
    fields = draw(st.dictionaries(names, _field(depth), min_size=1, max_size=3))
    more = draw(st.one_of(st.just({}), st.just({}), st.dictionaries(names, strange, max_size=1)))
    schema = {
        "type": "object",
        "properties": {name: schema for name, (schema, _) in fields.items()},
        "additionalProperties": draw(st.booleans()),
    }
    return schema, more | {name: value for name, (_, value) in fields.items()}


sound_calls: st.SearchStrategy[tuple[Schema, dict[str, Any]]] = _object(2)
"""A schema of arguments, and arguments of which only some are not declared."""
