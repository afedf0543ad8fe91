"""A tool's `input`: its JSON Schema, written in place or in a JSON file beside the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from posixpath import dirname, join

from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position
from authz.model.pointer import look_up
from authz.model.strict_json import JSON, AmbiguousJSON, NotJSON, read_json

REFERENCE = "$file"
MIRROR = "x-mcp-header"
MAX_MIRROR_DEPTH = 16


class JsonFiles:
    """The JSON files of a directory, each read once for all tools that refer to it."""

    def __init__(self, texts: Mapping[str, bytes]) -> None:
        """Read nothing yet of *texts*, which are all files by their path."""
        self._texts = texts
        self._read: dict[str, JSON] = {}

    def __contains__(self, file: str) -> bool:
        return file in self._texts

    def value(self, file: str) -> JSON:
        """
        Give what *file*, which is there, says.

        Raises:
            NotJSON: as `read_json`.
            AmbiguousJSON: as `read_json`.
        """
        if file not in self._read:
            self._read[file] = read_json(self._texts[file])
        return self._read[file]


def read_input(declared: dict[str, JSON], place: Position, files: JsonFiles) -> dict[str, JSON]:
    """
    Give the schema that *declared* is or refers to (`$file: name.json#/pointer`).

    A file is looked for beside the document or below, so no document reaches
    into another namespace's folder.

    Raises:
        InvalidWorld: there is no such file or member, or it is no JSON object.
    """
    if REFERENCE not in declared:
        return declared or {"type": "object", "properties": {}}
    reference = declared[REFERENCE]
    if not isinstance(reference, str) or len(declared) > 1:
        raise _mistake(place, "expected $file alone: name.json#/pointer")
    name, _, pointer = reference.partition("#")
    if pointer and not pointer.startswith("/"):
        raise _mistake(place, f"the pointer {pointer} does not begin with a slash")
    if name.startswith("/") or ".." in name.split("/") or not name.endswith(".json"):
        raise _mistake(place, "expected a .json file beside this document or below")
    file = join(dirname(place.file), name)
    if file not in files:
        raise _mistake(place, f"there is no file {name} beside this document")
    try:
        schema = look_up(files.value(file), pointer)
    except (NotJSON, AmbiguousJSON) as error:
        raise _mistake(place, f"{name}: {error}") from None
    if not isinstance(schema, dict):
        raise _mistake(place, f"{name} has no JSON object at {pointer or 'its root'}")
    return schema


def mirrored_arguments(schema: Mapping[str, JSON], place: Position) -> dict[str, tuple[str, ...]]:
    """
    Give the arguments that a client mirrors in headers (`x-mcp-header`, SEP-2243).

    Raises:
        InvalidWorld: two arguments are mirrored in one header.
    """
    found: dict[str, tuple[str, ...]] = {}
    for header, path in _mirrored(dict(schema), ()):
        if header in found:
            raise _mistake(place, f"two arguments have the {MIRROR} {header}")
        found[header] = path
    return found


def _mirrored(schema: JSON, path: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    if not isinstance(schema, dict) or len(path) > MAX_MIRROR_DEPTH:
        return
    header, properties = schema.get(MIRROR), schema.get("properties")
    if isinstance(header, str) and path:
        yield header.lower(), path
    if isinstance(properties, dict):
        for name, inner in properties.items():
            yield from _mirrored(inner, (*path, name))


def _mistake(place: Position, message: str) -> InvalidWorld:
    return InvalidWorld([Diagnostic(place, f"input: {message}")])
