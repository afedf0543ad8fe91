"""YAML documents to typed documents; every mistake with its place, all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from authz.directory import later
from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position, nearest
from authz.directory.documents import (
    API_VERSION,
    SPECS,
    Metadata,
    Spec,
)
from authz.directory.node import Node
from authz.directory.reader import Path, Source

Typed = TypeVar("Typed", bound=Node)

_EXPECTED = {
    "string_type": "expected a string",
    "bool_type": "expected true or false",
    "int_type": "expected a whole number",
    "list_type": "expected a list",
    "dict_type": "expected a mapping",
    "model_type": "expected a mapping",
    "model_attributes_type": "expected a mapping",
    "too_short": "expected at least one",
}
_ENVELOPE = ("apiVersion", "kind", "metadata", "spec")


@dataclass(frozen=True, slots=True)
class Document:
    """One typed document and its source, to find the places of mistakes."""

    kind: str
    name: str
    namespace: str | None
    spec: Spec
    source: Source

    @property
    def qualified(self) -> str:
        """`namespace/name`, or the name alone where there is no namespace."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def at(self, *path: str | int) -> Position:
        """Give the position of a member of `spec`."""
        return self.source.at("spec", *path)


@dataclass(frozen=True, slots=True)
class Outline:
    """What a document with mistakes is called: enough that references to it are no mistakes."""

    kind: str
    name: str
    namespace: str | None

    @property
    def qualified(self) -> str:
        """As `Document.qualified`."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def outline(source: Source) -> Outline | None:
    """Give what a document that `parse` refuses is called; None where it does not say so well."""
    value = source.value if isinstance(source.value, dict) else {}
    kind = value.get("kind")
    try:
        metadata = Metadata.model_validate(value.get("metadata"))
    except ValidationError:
        return None
    if not isinstance(kind, str) or kind not in SPECS:
        return None
    return Outline(kind, metadata.name, metadata.namespace)


def parse(source: Source) -> Document:
    """
    Type one document.

    Raises:
        InvalidWorld: with every mistake in it.
    """
    value = source.value
    if not isinstance(value, dict):
        raise InvalidWorld([Diagnostic(source.start, "expected a document: a mapping with a kind")])
    mistakes = [*_envelope_mistakes(source, value)]
    kind = value.get("kind")
    if mistakes or not isinstance(kind, str):
        raise InvalidWorld(mistakes)
    metadata = validated(Metadata, source, ("metadata",), value.get("metadata"), mistakes)
    spec = validated(SPECS[kind], source, ("spec",), value.get("spec"), mistakes)
    if metadata is None or spec is None:
        raise InvalidWorld(mistakes)
    return Document(kind, metadata.name, metadata.namespace, cast(Spec, spec), source)


def _envelope_mistakes(source: Source, value: Mapping[str, Any]) -> Iterator[Diagnostic]:
    for name in value.keys() - set(_ENVELOPE):
        hint = nearest(name, _ENVELOPE)
        yield Diagnostic(source.key_at(name), f"{name!r} is not a member of a document", hint)
    for name in _ENVELOPE:
        if name not in value:
            yield Diagnostic(source.start, f"{name} is missing")
    version, kind = value.get("apiVersion"), value.get("kind")
    if "apiVersion" in value and version != API_VERSION:
        yield Diagnostic(source.at("apiVersion"), f"expected apiVersion {API_VERSION}")
    if "kind" in value and not isinstance(kind, str):
        yield Diagnostic(source.at("kind"), f"expected a kind: one of {', '.join(SPECS)}")
    elif kind in later.KINDS:
        yield Diagnostic(source.at("kind"), f"kind {kind} is not supported by this version")
    elif "kind" in value and kind not in SPECS:
        hint = nearest(str(kind), SPECS)
        yield Diagnostic(source.at("kind"), f"expected a kind: one of {', '.join(SPECS)}", hint)


def validated(
    model: type[Typed], source: Source, part: Path, value: object, mistakes: list[Diagnostic]
) -> Typed | None:
    """
    Type *value*, which stands at *part* of *source*.

    Returns:
        The typed value, or None; then its mistakes have been added to *mistakes*.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        known = frozenset(_member_names(model))
        rows = error.errors(include_url=False)
        mistakes.extend(_diagnostic(source, part, row, known) for row in rows)
        return None


def _diagnostic(
    source: Source, part: Path, error: ErrorDetails, known: frozenset[str]
) -> Diagnostic:
    path = (*part, *error["loc"])
    name, kind = _last_name(path), error["type"]
    if kind == "missing":
        return Diagnostic(source.at(*path), f"{name} is missing")
    if kind == "extra_forbidden":
        place = source.key_at(*path)
        if name in later.MEMBERS:
            return Diagnostic(place, f"{name} is not supported by this version")
        return Diagnostic(place, f"{name!r} is not a member here", nearest(name, known))
    if kind == "literal_error":
        return _wrong_choice(source.at(*path), name, error)
    hint = "quote it" if kind == "string_type" and _is_scalar(error["input"]) else ""
    return Diagnostic(source.at(*path), f"{name}: {_EXPECTED.get(kind, error['msg'])}", hint)


def _last_name(path: tuple[str | int, ...]) -> str:
    """Give the member that *path* ends in, or the one whose row it ends in."""
    return next((step for step in reversed(path) if isinstance(step, str)), str(path[-1]))


def _wrong_choice(place: Position, name: str, error: ErrorDetails) -> Diagnostic:
    expected, given = error["ctx"]["expected"], error["input"]
    if isinstance(given, str) and given in later.VALUES.get(name, ()):
        message = f"{name}: {given} is not supported by this version"
        return Diagnostic(place, message, f"it knows {expected}")
    choices = [choice.strip("'") for choice in expected.replace(" or ", ", ").split(", ")]
    return Diagnostic(place, f"{name}: expected {expected}", nearest(str(given), choices))


def _is_scalar(value: object) -> bool:
    return not isinstance(value, (dict, list))


def _member_names(model: type[BaseModel]) -> Iterator[str]:
    """Give the names that members have anywhere in *model*, to find the nearest."""
    for field_name, field in model.model_fields.items():
        yield field.alias or field_name
        for inner in _models_in(field.annotation):
            yield from _member_names(inner)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models_in(argument)
