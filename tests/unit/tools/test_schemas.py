"""`tools.schemas`: what loads is right to an editor, and what an editor marks does not load."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from authz.directory.documents import API_VERSION, SPECS, Metadata
from authz.directory.reader import read_documents
from authz.directory.suites import SuiteNode
from tests.unit.directory.changes import SOUND
from tools.schemas import FOLDER, schemas, stale

ROOT = Path(__file__).parents[3]
WORLDS = ("examples/demo/world", "tests/world")
FILES = sorted(path for world in WORLDS for path in (ROOT / world).rglob("*.yaml"))
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text() for path in FILES}
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")
VALIDATORS = {
    name: jsonschema.Draft7Validator(json.loads(text)) for name, text in schemas().items()
}
KIND_FILES = {
    json.loads(text)["title"].rpartition(" ")[2]: name for name, text in schemas().items()
}


def documents(texts: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Give the documents of YAML files, read as the loader does."""
    for name, text in texts.items():
        if name.endswith(".yaml"):
            for source in read_documents(name, text):
                assert isinstance(source.value, dict)
                yield source.value


TESTS = [*documents({name: text for name, text in TEXTS.items() if ".test." in name})]
DOCUMENTS = [
    *documents({name: text for name, text in TEXTS.items() if ".test." not in name}),
    *documents(SOUND),
]


def test_current() -> None:
    """The schemas in the repository are those of the code."""
    assert stale(FOLDER) == {}


def test_stale(tmp_path: Path) -> None:
    """A schema that is missing, changed or left over is told."""
    for name, text in schemas().items():
        (tmp_path / name).write_text(text)
    assert stale(tmp_path) == {}
    (tmp_path / "cell.json").write_text("{}")
    (tmp_path / "agent.json").unlink()
    (tmp_path / "budget.json").write_text("{}")

    assert set(stale(tmp_path)) == {"cell.json", "agent.json", "budget.json"}


@pytest.mark.parametrize("name", sorted(VALIDATORS))
def test_are_schemas(name: str) -> None:
    """Each is a JSON Schema, tells every member of a document, and leads to what is there."""
    schema = VALIDATORS[name].schema
    jsonschema.Draft7Validator.check_schema(schema)
    text = json.dumps(schema)

    assert set(re.findall(r'"#/definitions/(\w+)"', text)) <= schema.get("definitions", {}).keys()
    members = [each["properties"] for each in _objects(schema) if "properties" in each]
    assert len(members) > 2
    assert sum("description" in member for each in members for member in each.values()) > 2


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, (dict, list)):
            yield from _objects(inner)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_modelines(name: str) -> None:
    """Every document and test of the example worlds leads an editor to its schema, and is right."""
    match = MODELINE.match(TEXTS[name])
    assert match is not None
    schema = (ROOT / name).parent.joinpath(match[1]).resolve()

    assert schema.parent == FOLDER.resolve()
    for value in documents({name: TEXTS[name]}):
        VALIDATORS[schema.name].validate(value)


def test_each_kind() -> None:
    """Sound documents of every kind are right to the schema of their kind and to that of all."""
    assert {value["kind"] for value in DOCUMENTS} == set(SPECS)
    for value in DOCUMENTS:
        VALIDATORS["document.json"].validate(value)
        VALIDATORS[KIND_FILES[value["kind"]]].validate(value)


CELL = next(value for value in DOCUMENTS if value["kind"] == "Cell")
AGENT = next(value for value in DOCUMENTS if value["kind"] == "Agent")
BROKEN: Mapping[str, tuple[dict[str, Any], str]] = {
    "an unknown kind": ({**CELL, "kind": "Sell"}, "kind"),
    "a kind of another spec": ({**CELL, "kind": "Role"}, "spec"),
    "no spec": ({name: CELL[name] for name in ("apiVersion", "kind", "metadata")}, ""),
    "a member that is none": ({**CELL, "spec": {**CELL["spec"], "maxScope": []}}, "spec"),
    "a member beside spec": ({**CELL, "status": {}}, ""),
    "a word for a list": ({**CELL, "spec": {**CELL["spec"], "maxScopes": "a"}}, "spec"),
    "a state that is none": ({**AGENT, "spec": {**AGENT["spec"], "lifecycle": "live"}}, "spec"),
    "no owner": ({**AGENT, "spec": {"lifecycle": "active"}}, "spec"),
    "another version": ({**CELL, "apiVersion": "v1"}, "apiVersion"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    """What is plainly wrong is marked, at the member that is."""
    value, member = BROKEN[name]
    errors = [*VALIDATORS["document.json"].iter_errors(value)]

    assert errors
    assert all([*error.absolute_path][:1] == [member] * bool(member) for error in errors)


def test_broken_tests() -> None:
    """A case with an expectation that is none, or without a name, is marked."""
    case = {"name": "x", "as": ["a/b"], "call": "a/b/c", "expect": "allow"}
    suite = {"now": "2026-06-03T10:00:00Z", "cases": [case]}
    right = VALIDATORS["policy-test.json"].is_valid

    assert right(suite)
    assert not right({**suite, "cases": [{**case, "expect": "yes"}]})
    assert not right({**suite, "cases": [{"expect": "allow"}]})
    assert not right({**suite, "cases": []})
    assert not right({**suite, "user": {}})


VALUES = st.sampled_from(
    [
        None,
        "",
        "x",
        "a/b",
        "5s",
        "read",
        "none",
        0,
        3,
        True,
        Decimal("1.5"),
        [],
        ["x"],
        {},
        {"x": 1},
    ]
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Give the path of every member of *value*."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, member in inner:
        yield (*path, name)
        if isinstance(member, (dict, list)):
            yield from places(member, (*path, name))


@st.composite
def changed(draw: st.DrawFn, values: list[dict[str, Any]]) -> dict[str, Any]:
    """Give one of *values* with a member taken away, or replaced by something."""
    value: dict[str, Any] = deepcopy(draw(st.sampled_from(values)))
    *path, last = draw(st.sampled_from([*places(value)]))
    at: Any = value
    for step in path:
        at = at[step]
    if draw(st.booleans()):
        at[last] = draw(VALUES)
    else:
        del at[last]
    return value


def loads(value: dict[str, Any]) -> bool:
    """Say whether a document's types are right."""
    if value.keys() != {"apiVersion", "kind", "metadata", "spec"}:
        return False
    kind = value["kind"]
    if value["apiVersion"] != API_VERSION or not isinstance(kind, str) or kind not in SPECS:
        return False
    try:
        Metadata.model_validate(value["metadata"])
        SPECS[kind].model_validate(value["spec"])
    except ValidationError:
        return False
    return True


@settings(max_examples=400)
@given(changed(DOCUMENTS))
def test_what_loads_is_not_marked(value: dict[str, Any]) -> None:
    """No document that the loader takes is red in an editor."""
    if loads(value):
        VALIDATORS["document.json"].validate(value)
        VALIDATORS[KIND_FILES[value["kind"]]].validate(value)


@settings(max_examples=200)
@given(changed(TESTS))
def test_tests_that_load_are_not_marked(value: dict[str, Any]) -> None:
    """No file of cases that the loader takes is red in an editor."""
    try:
        SuiteNode.model_validate(value)
    except ValidationError:
        return
    VALIDATORS["policy-test.json"].validate(value)
