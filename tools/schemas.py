"""Writes `docs/schemas/` from the types that documents and policy tests are read into.

    python -m tools.schemas [--check]

With `--check` nothing is written, and the exit code says whether a schema is stale.

A schema says less than the loader: names, types and choices, no grammar of words
and nothing between documents. So an editor marks no document that loads.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_type_hints

from authz.directory.documents import API_VERSION, SPECS, Metadata
from authz.directory.node import Node
from authz.directory.suites import SuiteNode
from tools.reference.described import described
from tools.reference.kinds import WORDS, expected, models_in

FOLDER = Path(__file__).parents[1] / "docs/schemas"
DIALECT = "http://json-schema.org/draft-07/schema#"
"""The newest that the YAML server of editors knows whole."""

NOTE = "Written by `make schemas`."
Json = dict[str, Any]


def schemas() -> Mapping[str, str]:
    """Give every file and its text: one a kind, one for any document, one for policy tests."""
    found = {f"{_file(kind)}.json": _document(kind) for kind in SPECS}
    found["document.json"] = _any_document()
    found["policy-test.json"] = _head("A file of cases: tests/**/*.test.yaml") | _model(SuiteNode)
    return {name: json.dumps(each, indent=1) + "\n" for name, each in found.items()}


def _file(kind: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", kind).lower()


def _head(title: str) -> Json:
    return {"$schema": DIALECT, "$comment": NOTE, "title": title}


def _document(kind: str) -> Json:
    spec = _model(SPECS[kind])
    definitions = spec.pop("definitions", {})
    return (
        _head(f"A document of kind {kind}")
        | {"description": inspect.getdoc(SPECS[kind])}
        | _envelope({"const": kind}, spec)
        | {"definitions": definitions}
    )


def _any_document() -> Json:
    """Choose what `spec` must be by `kind`, so that what is wrong is told of that kind alone."""
    definitions: Json = {}
    cases: list[Json] = []
    for kind in SPECS:
        spec = _model(SPECS[kind])
        definitions |= spec.pop("definitions", {})
        definitions[SPECS[kind].__name__] = spec
        reference = {"$ref": f"#/definitions/{SPECS[kind].__name__}"}
        cases.append(
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {"properties": {"spec": reference}},
            }
        )
    return (
        _head("A document of a directory")
        | _envelope({"enum": [*SPECS]}, {})
        | {"allOf": cases, "definitions": definitions}
    )


def _envelope(kind: Json, spec: Json) -> Json:
    members = {
        "apiVersion": {"const": API_VERSION},
        "kind": kind,
        "metadata": _model(Metadata),
        "spec": spec,
    }
    return {
        "type": "object",
        "properties": members,
        "required": [*members],
        "additionalProperties": False,
    }


def _model(model: type[Node]) -> Json:
    schema = model.model_json_schema(ref_template="#/definitions/{model}")
    definitions: Json = schema.pop("$defs", {})
    for node in {model, *_nodes_in(model)}:
        _describe(node, schema if node is model else definitions[node.__name__])
    return schema | ({"definitions": definitions} if definitions else {})


def _nodes_in(model: type[Node]) -> Iterator[type[Node]]:
    for hint in get_type_hints(model, include_extras=True).values():
        for inner in models_in(hint):
            yield inner
            yield from _nodes_in(inner)


def _describe(node: type[Node], schema: Json) -> None:
    """Say of each member what the docstring below it says, and what its word looks like."""
    hints, meanings = get_type_hints(node, include_extras=True), described(node)
    for name, field in node.model_fields.items():
        member = schema["properties"][field.alias]
        member.pop("title", None)
        word = f"Expected: {expected(hints[name])}." if hints[name] in WORDS else ""
        text = f"{meanings.get(name, '')} {word}".strip()
        if text:
            member["description"] = text


def stale(folder: Path) -> Mapping[str, str]:
    """Give the schemas that *folder* does not have as they would be written now; empty: not one."""
    wanted = schemas()
    there = {path.name: path.read_text() for path in folder.glob("*.json")}
    left = dict.fromkeys(there.keys() - wanted.keys(), "")
    return left | {name: text for name, text in wanted.items() if there.get(name) != text}


def main() -> int:
    """Write, or with `--check` compare."""
    found = stale(FOLDER)
    if "--check" in sys.argv:
        if found:
            print(f"stale: {', '.join(sorted(found))}; run `make schemas`")
        return 1 if found else 0
    FOLDER.mkdir(exist_ok=True)
    for name, text in found.items():
        if text:
            (FOLDER / name).write_text(text)
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
