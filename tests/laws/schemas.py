"""Strategies for JSON Schemas of tools, and for arguments that fit them, nearly fit, or do not.

No text has a lone surrogate: strict reading lets none come this far.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]

NAMES = (
    "a",
    "b",
    "A",
    "c d",
    "type",
    "id",
    "fn",
    "arg",
    "é",
    "x/y~z",
    '"',
    "\\",
    "",
    "\u2028",
    "\x7f",
    "line\nend",
    "__entity",
    "__extn",
    "__x",
)
names = st.one_of(st.sampled_from(NAMES[:9]), st.sampled_from(NAMES), st.text(max_size=5))

numbers = st.decimals(allow_nan=False, allow_infinity=False)
odd_numbers = st.sampled_from(
    [Decimal(text) for text in ("-0", "1E+400", "1E-400", "0E+999999999", "1E-999999999", "5.0")]
)
integers = st.one_of(
    st.integers(-5, 5), st.integers(), st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1])
)
texts = st.one_of(st.text(max_size=8), st.sampled_from(["", "\0", "*", "\\*", "\x85"]))
scalars = st.one_of(st.none(), st.booleans(), integers, numbers, odd_numbers, texts)

forged = st.sampled_from(
    [
        {"__entity": {"type": "User", "id": "corp/alice"}},
        {"__entity": {"type": "Agent", "id": "team/agent-0"}},
        {"__extn": {"fn": "decimal", "arg": "1.0"}},
        {"__extn": {"fn": "ip", "arg": "127.0.0.1"}},
        {"__extn": {"fn": "datetime", "arg": "2026-01-01"}},
        {"__extn": {"fn": "unknown", "arg": "x"}},
        {"__entity": "x", "a": 1},
        {"__extn": None},
        {"__expr": 'User::"corp/alice"'},
    ]
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3), forged
    ),
    max_leaves=8,
)

_SCALARS = ("string", "integer", "number", "boolean")
scalar_schemas: st.SearchStrategy[Schema] = st.one_of(
    st.sampled_from(_SCALARS).map(lambda kind: {"type": kind}),
    st.sampled_from(_SCALARS).map(lambda kind: {"type": [kind, "null"]}),
    st.sampled_from(_SCALARS).map(lambda kind: {"anyOf": [{"type": kind}, {"type": "null"}]}),
    st.sampled_from(({"enum": ["x", "y"]}, {"const": 5}, {"enum": ["x", 1]}, {}, {"type": "null"})),
    st.sampled_from(({"type": ["string", "integer"]}, {"$ref": "#/$defs/S"}, {"$ref": "#/nope"})),
)


def _objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    properties = st.dictionaries(names, inner, max_size=4)
    return st.builds(
        lambda found, required, more: {
            "type": "object",
            "properties": found,
            "required": [name for name in found if name in required],
            **({} if more is None else {"additionalProperties": more}),
        },
        properties,
        st.frozensets(st.sampled_from(NAMES)),
        st.sampled_from((None, True, False, {"type": "string"})),
    )


def _wider(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.one_of(
        _objects(inner),
        inner.map(lambda schema: {"type": "array", "items": schema}),
        inner.map(lambda schema: {"anyOf": [schema, {"type": "null"}], "title": "t"}),
        inner.map(lambda schema: {"allOf": [schema]}),
        st.tuples(inner, inner).map(lambda pair: {"oneOf": list(pair)}),
    )


def soup() -> st.SearchStrategy[Any]:
    """Give what stands where a schema should: keywords with anything at all behind them."""
    odd = st.one_of(
        values, st.sampled_from(("string", "object", "array", "null", "#/a", "#/$defs"))
    )

    def schema(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        many, named = st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)
        return st.fixed_dictionaries(
            {},
            optional={
                "type": st.one_of(odd, st.sampled_from(("object", "array", "string"))),
                "enum": many,
                "const": odd,
                "properties": st.one_of(inner, named),
                "required": st.one_of(inner, st.lists(names)),
                "items": inner,
                "anyOf": st.one_of(inner, many),
                "allOf": st.one_of(inner, many),
                "$ref": odd,
                "$defs": st.one_of(inner, named),
                "additionalProperties": inner,
            },
        )

    return st.recursive(odd, schema, max_leaves=10)


def roots() -> st.SearchStrategy[Schema]:
    """Give schemas of whole argument objects, with a definition to refer to."""
    inner = st.recursive(scalar_schemas, _wider, max_leaves=6)
    return _objects(inner).map(lambda root: {**root, "$defs": {"S": {"type": "string"}}})


@st.composite
def fitting(draw: st.DrawFn, schema: Schema) -> Any:
    """Draw a value for *schema*; now and then something else altogether."""
    if draw(st.integers(0, 9)) == 0:
        return draw(values)
    if "properties" in schema:
        return draw(_fitting_object(schema))
    if "items" in schema:
        return draw(st.lists(fitting(schema["items"]), max_size=3))
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            return draw(fitting(draw(st.sampled_from(schema[union]))))
    return draw(_fitting_scalar(schema))


@st.composite
def _fitting_object(draw: st.DrawFn, schema: Schema) -> dict[str, Any]:
    found = {}
    for name, inner in schema["properties"].items():
        if name in schema.get("required", ()) or draw(st.booleans()):
            found[name] = draw(fitting(inner))
    if draw(st.integers(0, 5)) == 0:
        found[draw(names)] = draw(values)
    return found


def _fitting_scalar(schema: Schema) -> st.SearchStrategy[Any]:
    kinds = schema.get("type", "")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    by_kind: dict[str, st.SearchStrategy[Any]] = {
        "string": texts,
        "integer": st.integers(-(2**63), 2**63 - 1),
        "number": st.one_of(st.decimals(-(10**6), 10**6), st.integers(-100, 100)),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    fixed = schema.get("enum", [schema["const"]] if "const" in schema else None)
    return st.sampled_from(fixed) if fixed else by_kind.get(kind, scalars)
