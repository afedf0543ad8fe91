"""JSON Schema to the shapes that Cedar can type faithfully.

An odd schema is never an error: what has no faithful Cedar type is `OPAQUE`,
and its values reach policies as untyped arguments, by name only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from urllib.parse import unquote

from authz.model.pointer import look_up
from authz.model.strict_json import JSON

MAX_NODES = 2000
"""Nodes of one schema, so that definitions that fan out cannot eat the machine."""

MAX_DEPTH = 32

NOTES = frozenset(
    {"title", "description", "default", "examples", "deprecated", "$comment", "discriminator"}
)
"""Members that say nothing of which values are allowed."""

_UNIONS = ("anyOf", "oneOf", "allOf")
_NULL = {"type": "null"}


class Kind(StrEnum):
    """What Cedar can hold."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"
    OPAQUE = "opaque"


PLAIN: Mapping[Kind, type] = {Kind.STRING: str, Kind.INTEGER: int, Kind.BOOLEAN: bool}
"""What most values of a kind are read as; null, and 1.0 for 1, are left to who looks closer."""

_SCALARS = {str(kind): kind for kind in (Kind.STRING, Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN)}
_KIND_OF_CONSTANT = {str: "string", bool: "boolean", int: "integer", type(None): "null"}


@dataclass(frozen=True, slots=True)
class Shape:
    """The type of one value."""

    kind: Kind
    nullable: bool = False
    """null is allowed and means left out."""

    element: Shape | None = None
    """Of an array."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    """Of an object."""

    open: bool = False
    """An object that takes members it does not declare."""

    wanted: frozenset[str] = field(init=False)
    """Of the fields of an object, those that it cannot be without."""

    plain: Mapping[str, type] = field(init=False)
    """Of the fields of an object of a scalar kind, what most of their values are read as."""

    def __post_init__(self) -> None:
        """Gather the names that calls are held against."""
        wanted = frozenset(name for name, each in self.fields.items() if each.is_wanted)
        kinds = {name: each.shape.kind for name, each in self.fields.items()}
        plain = {name: PLAIN[kind] for name, kind in kinds.items() if kind in PLAIN}
        object.__setattr__(self, "wanted", wanted)
        object.__setattr__(self, "plain", plain)


@dataclass(frozen=True, slots=True)
class Field:
    """One declared member of an object."""

    shape: Shape
    required: bool

    @property
    def is_wanted(self) -> bool:
        """Say whether an object without it is not of its type; null may be left out."""
        return self.required and not self.shape.nullable and self.shape.kind is not Kind.OPAQUE


OPAQUE = Shape(Kind.OPAQUE, nullable=True)
ANY_OBJECT = Shape(Kind.OBJECT, open=True)


def compile_shape(schema: Mapping[str, JSON]) -> Shape:
    """Give the shape of a tool's arguments; `ANY_OBJECT` where the schema cannot be followed."""
    try:
        shape = _Compiler(schema).shape(dict(schema), (), is_root=True)
    except RecursionError:
        return ANY_OBJECT
    return shape if shape.kind is Kind.OBJECT else ANY_OBJECT


def is_nameable(name: str) -> bool:
    """Say whether *name* can be an attribute in Cedar: no control character, no reserved name."""
    return not name.startswith("__") and not any(
        ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in name
    )


class _Compiler:
    """Follows one schema; counts nodes across all its branches."""

    def __init__(self, root: Mapping[str, JSON]) -> None:
        self._root = root
        self._left = MAX_NODES

    def shape(self, schema: JSON, seen: tuple[str, ...], *, is_root: bool = False) -> Shape:
        self._left -= 1
        if not isinstance(schema, dict) or self._left < 0 or len(seen) > MAX_DEPTH:
            return OPAQUE
        if "$ref" in schema:
            return self._referred(schema, seen, is_root=is_root)
        kinds = _kinds(schema, is_root=is_root)
        if kinds is None:
            return self._union(schema, seen)
        nullable = "null" in kinds
        match [kind for kind in kinds if kind != "null"]:
            case [scalar] if scalar in _SCALARS:
                return Shape(_SCALARS[scalar], nullable)
            case ["array"]:
                return self._array(schema, seen, nullable=nullable)
            case ["object"] if is_root or "properties" in schema:
                return self._object(schema, seen, nullable=nullable)
        return OPAQUE

    def _referred(self, schema: dict[str, JSON], seen: tuple[str, ...], *, is_root: bool) -> Shape:
        """Follow a reference within the schema; a recursive or foreign one has no type."""
        reference = schema["$ref"]
        alone = not (schema.keys() - NOTES - {"$ref"})
        if not isinstance(reference, str) or not alone or not reference.startswith("#/"):
            return OPAQUE
        if reference in seen:
            return OPAQUE
        value = look_up(dict(self._root), unquote(reference[1:]))
        return self.shape(value, (*seen, reference), is_root=is_root)

    def _union(self, schema: dict[str, JSON], seen: tuple[str, ...]) -> Shape:
        """Follow a union whose arms have one shape; null is an arm of its own."""
        unions = [name for name in _UNIONS if name in schema]
        if len(unions) != 1 or schema.keys() - NOTES - set(unions):
            return OPAQUE
        arms = schema[unions[0]]
        if not isinstance(arms, list) or (unions == ["allOf"] and len(arms) > 1):
            return OPAQUE
        shapes = [self.shape(arm, seen) for arm in arms if arm != _NULL]
        bare = [replace(shape, nullable=False) for shape in shapes]
        if not bare or any(shape != bare[0] for shape in bare) or bare[0].kind is Kind.OPAQUE:
            return OPAQUE
        nullable = _NULL in arms or any(shape.nullable for shape in shapes)
        return replace(bare[0], nullable=nullable)

    def _array(self, schema: dict[str, JSON], seen: tuple[str, ...], *, nullable: bool) -> Shape:
        if "prefixItems" in schema:
            return OPAQUE
        element = self.shape(schema.get("items"), (*seen, "items"))
        if element.kind is Kind.OPAQUE or element.nullable:
            return OPAQUE
        return Shape(Kind.ARRAY, nullable, element=element)

    def _object(self, schema: dict[str, JSON], seen: tuple[str, ...], *, nullable: bool) -> Shape:
        properties, required = schema.get("properties", {}), schema.get("required", [])
        if not isinstance(properties, dict) or not isinstance(required, list):
            return OPAQUE
        fields = {
            name: Field(
                self.shape(inner, (*seen, name)) if is_nameable(name) else OPAQUE,
                required=name in required,
            )
            for name, inner in properties.items()
        }
        more = schema.get("additionalProperties")
        is_open = more is True or isinstance(more, dict) or "patternProperties" in schema
        return Shape(Kind.OBJECT, nullable, fields=fields, open=is_open)


def _kinds(schema: dict[str, JSON], *, is_root: bool) -> list[str] | None:
    """Give the JSON types that *schema* allows; None where a union has to say."""
    stated = schema.get("type")
    if isinstance(stated, str):
        return [stated]
    if isinstance(stated, list):
        return [str(kind) for kind in stated]
    if any(name in schema for name in _UNIONS):
        return None
    if "enum" in schema or "const" in schema:
        constants = schema.get("enum", [schema.get("const")])
        if not isinstance(constants, list):
            return []
        return sorted({_KIND_OF_CONSTANT.get(type(constant), "") for constant in constants})
    if "properties" in schema or is_root:
        return ["object"]
    return ["array"] if "items" in schema else [""]
