"""`policy.shapes`: JSON Schemas of real servers, and odd ones, to what Cedar can type."""

from __future__ import annotations

from typing import Any

import pytest

from authz.policy.shapes import ANY_OBJECT, MAX_DEPTH, MAX_NODES, Kind, Shape, compile_shape

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}


def spelled(shape: Shape) -> str:
    """Write a shape in short: `?` may be left out, `|null` may be null, `…` an open object."""
    null = "|null" if shape.nullable and shape.kind is not Kind.OPAQUE else ""
    if shape.kind is Kind.ARRAY and shape.element is not None:
        return f"[{spelled(shape.element)}]{null}"
    if shape.kind is Kind.OBJECT:
        rows = [
            f"{name}{'' if field.required else '?'}: {spelled(field.shape)}"
            for name, field in shape.fields.items()
        ]
        return f"{{{', '.join([*rows, *(['…'] if shape.open else [])])}}}{null}"
    return f"{shape.kind}{null}"


def member(schema: Any, **root: Any) -> str:
    """Spell the shape of a single member with this schema."""
    shape = compile_shape({"type": "object", "properties": {"a": schema}, **root})
    return spelled(shape.fields["a"].shape) if "a" in shape.fields else spelled(shape)


MEMBERS: tuple[tuple[Any, str], ...] = (
    (STRING, "string"),
    (INTEGER, "integer"),
    ({"type": "number"}, "number"),
    ({"type": "boolean"}, "boolean"),
    ({"type": "string", "title": "A", "default": None, "minLength": 1, "pattern": "x"}, "string"),
    ({"type": ["string", "null"]}, "string|null"),
    ({"type": ["null", "integer"]}, "integer|null"),
    ({"type": ["string", "integer"]}, "opaque"),
    ({"type": "null"}, "opaque"),
    ({"type": []}, "opaque"),
    ({"type": "date"}, "opaque"),
    ({"type": 5}, "opaque"),
    ({}, "opaque"),
    (True, "opaque"),
    (None, "opaque"),
    ([], "opaque"),
    ({"enum": ["a", "b"]}, "string"),
    ({"enum": ["a", None]}, "string|null"),
    ({"enum": [1, 2]}, "integer"),
    ({"enum": [True, False]}, "boolean"),
    ({"enum": ["a", 1]}, "opaque"),
    ({"enum": [1, True]}, "opaque"),
    ({"enum": [["a"]]}, "opaque"),
    ({"enum": []}, "opaque"),
    ({"const": "a"}, "string"),
    ({"const": None}, "opaque"),
    ({"anyOf": [STRING, {"type": "null"}], "default": None, "title": "A"}, "string|null"),
    ({"oneOf": [{"type": "null"}, INTEGER]}, "integer|null"),
    ({"anyOf": [STRING, STRING]}, "string"),
    ({"anyOf": [STRING, INTEGER]}, "opaque"),
    ({"anyOf": [STRING, {"type": ["string", "null"]}]}, "string|null"),
    ({"anyOf": []}, "opaque"),
    ({"anyOf": [{"type": "null"}]}, "opaque"),
    ({"anyOf": STRING}, "opaque"),
    ({"anyOf": [STRING], "oneOf": [STRING]}, "opaque"),
    ({"anyOf": [STRING], "not": INTEGER}, "opaque"),
    ({"allOf": [STRING]}, "string"),
    ({"allOf": [STRING, {"minLength": 1}]}, "opaque"),
    ({"type": "array", "items": STRING}, "[string]"),
    ({"items": STRING}, "[string]"),
    ({"type": "array", "items": {"type": "array", "items": INTEGER}}, "[[integer]]"),
    ({"type": ["array", "null"], "items": STRING}, "[string]|null"),
    ({"type": "array"}, "opaque"),
    ({"type": "array", "items": {}}, "opaque"),
    ({"type": "array", "items": [STRING]}, "opaque"),
    ({"type": "array", "items": {"type": ["string", "null"]}}, "opaque"),
    ({"type": "array", "prefixItems": [STRING], "items": STRING}, "opaque"),
    ({"type": "object", "properties": {"b": STRING}}, "{b?: string}"),
    ({"properties": {"b": STRING}, "required": ["b"]}, "{b: string}"),
    ({"type": "object"}, "opaque"),
    ({"type": "object", "additionalProperties": STRING}, "opaque"),
    ({"type": "object", "properties": {}, "additionalProperties": True}, "{…}"),
    ({"type": "object", "properties": {}, "additionalProperties": {}}, "{…}"),
    ({"type": "object", "properties": {}, "patternProperties": {"x": STRING}}, "{…}"),
    ({"type": "object", "properties": {}, "additionalProperties": False}, "{}"),
    ({"type": "object", "properties": []}, "opaque"),
    ({"type": "object", "properties": {}, "required": "b"}, "opaque"),
    ({"$ref": "#/$defs/S"}, "string"),
    ({"$ref": "#/$defs/S", "title": "A"}, "string"),
    ({"$ref": "#/$defs/S", "minLength": 1}, "opaque"),
    ({"$ref": "#/$defs/a~1b%20c"}, "integer"),
    ({"$ref": "#/$defs/Loop"}, "{next?: opaque}"),
    ({"$ref": "#/$defs/Self"}, "opaque"),
    ({"$ref": "#"}, "opaque"),
    ({"$ref": "#S"}, "opaque"),
    ({"$ref": "other.json#/S"}, "opaque"),
    ({"$ref": "https://example.com/s"}, "opaque"),
    ({"$ref": 5}, "opaque"),
    ({"anyOf": [{"$ref": "#/$defs/S"}, {"type": "null"}]}, "string|null"),
)

DEFINITIONS = {
    "S": STRING,
    "a/b c": INTEGER,
    "Loop": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Loop"}}},
    "Self": {"$ref": "#/$defs/Self"},
}


@pytest.mark.parametrize(("schema", "shape"), MEMBERS, ids=str)
def test_member(schema: Any, shape: str) -> None:
    """A member has its faithful type, or none; an odd schema is never an error."""
    assert member(schema, **{"$defs": DEFINITIONS}) == shape


ROOTS: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "{}"),
    ({"type": "object"}, "{}"),
    ({"type": "object", "properties": {"a": STRING}, "required": ["a"]}, "{a: string}"),
    ({"properties": {"a": STRING}}, "{a?: string}"),
    ({"type": "object", "additionalProperties": True}, "{…}"),
    ({"type": "string"}, "{…}"),
    ({"type": "array", "items": STRING}, "{…}"),
    ({"anyOf": [STRING, INTEGER]}, "{…}"),
    ({"$ref": "#/nowhere"}, "{…}"),
    ({"type": "object", "properties": {"a": {"$ref": "#/nowhere"}}}, "{a?: opaque}"),
    ({"type": "object", "properties": None}, "{…}"),
    ({"$ref": "#/$defs/A", "$defs": {"A": {"properties": {"a": STRING}}}}, "{…}"),
)


@pytest.mark.parametrize(("schema", "shape"), ROOTS, ids=str)
def test_root(schema: dict[str, Any], shape: str) -> None:
    """Arguments are always an object; a schema that cannot be followed leaves it open, untyped."""
    assert spelled(compile_shape(schema)) == shape


@pytest.mark.parametrize("name", ["__entity", "__extn", "__x", "a\nb", "a\0", "\x1f", "\ud800"])
def test_names_that_cedar_must_not_see(name: str) -> None:
    """A reserved name, or one with control characters, has no type whatever its schema says."""
    schema: Schema = {"properties": {name: STRING}, "required": [name]}

    assert compile_shape(schema).fields[name].shape.kind is Kind.OPAQUE


@pytest.mark.parametrize(
    "name", ["a b", "é", '"', "\\", "type", "", "_x", "a__b", "\u2028", "\x7f"]
)
def test_names_that_cedar_takes(name: str) -> None:
    """Every other name is an attribute like any."""
    schema: Schema = {"properties": {name: STRING}}

    assert compile_shape(schema).fields[name].shape.kind is Kind.STRING


def test_fan_out_is_bounded() -> None:
    """Definitions that multiply, each naming the next twice, end early and untyped."""
    definitions: Schema = {
        f"d{n}": {
            "properties": {
                "a": {"$ref": f"#/$defs/d{n + 1}"},
                "b": {"$ref": f"#/$defs/d{n + 1}"},
            }
        }
        for n in range(30)
    }
    definitions["d30"] = STRING
    schema: Schema = {"properties": {"x": {"$ref": "#/$defs/d0"}}, "$defs": definitions}

    def nodes(shape: Shape) -> int:
        return 1 + sum(nodes(field.shape) for field in shape.fields.values())

    assert MAX_NODES // 2 < nodes(compile_shape(schema)) <= 2 * MAX_NODES + 2


def test_depth_is_bounded() -> None:
    """Nesting beyond the bound has no type, and nothing recurses without end."""
    schema = dict(STRING)
    for _ in range(5000):
        schema = {"type": "object", "properties": {"a": schema}}

    shape, depth = compile_shape(schema), 0
    while shape.fields:
        shape, depth = shape.fields["a"].shape, depth + 1

    assert depth <= MAX_DEPTH + 1
    assert shape.kind is Kind.OPAQUE


def test_open_object_of_a_broken_schema_types_nothing() -> None:
    """What stands for a schema that cannot be followed has no field that policy could trust."""
    assert ANY_OBJECT.open
    assert ANY_OBJECT.fields == {}
