"""`directory.reader`: YAML in one reading only, every member with its place."""

from __future__ import annotations

from decimal import Decimal

import pytest

from authz.directory.diagnostics import InvalidWorld
from authz.directory.reader import MAX_DEPTH, Source, read_documents
from authz.model.strict_json import JSON

FILE = "directory/global/x.yaml"


def read(text: str) -> list[Source]:
    """Read *text* as a file."""
    return read_documents(FILE, text.encode())


SCALARS: tuple[tuple[str, JSON], ...] = (
    ("on", "on"),
    ("off", "off"),
    ("yes", "yes"),
    ("No", "No"),
    ("y", "y"),
    ("true", True),
    ("TRUE", True),
    ("False", False),
    ("tRue", "tRue"),
    ("null", None),
    ("~", None),
    ("", None),
    ("NULL", None),
    ("none", "none"),
    ("5", 5),
    ("-5", -5),
    ("+5", 5),
    ("0", 0),
    ("010", "010"),
    ("0o10", "0o10"),
    ("0x10", "0x10"),
    ("1_000", "1_000"),
    ("12:30:45", "12:30:45"),
    ("2026-06-03", "2026-06-03"),
    ("1.50", Decimal("1.50")),
    ("1.", "1."),
    (".5", ".5"),
    ("1e3", "1e3"),
    (".inf", ".inf"),
    (".nan", ".nan"),
    ("9223372036854775808", 9223372036854775808),
    ("99999999999999999999", "99999999999999999999"),
    ('"5"', "5"),
    ("'true'", "true"),
    ('"null"', "null"),
    ('""', ""),
    ('"a\\nb"', "a\nb"),
    ("|-\n  true", "true"),
    (">-\n  5", "5"),
    ("a b  c", "a b  c"),
    ("docs:read", "docs:read"),
    ("=", "="),
    ("<", "<"),
)


@pytest.mark.parametrize(("text", "value"), SCALARS, ids=repr)
def test_scalar(text: str, value: JSON) -> None:
    """A plain word is what YAML 1.2 takes it for, and a quoted one is a string."""
    (source,) = read(f"k: {text}\n")

    assert source.value == {"k": value}
    assert isinstance(source.value, dict)
    assert type(source.value["k"]) is type(value)


TEXT = """\
# a comment
kind: Role
metadata: {name: a, namespace: b}
spec:
  scopes:
    - docs:read
    - "docs:write"
  members: [{group: x}, {user: y}]
---
kind: Cell
spec:
  owner: |
    somebody
"""

PLACES: tuple[tuple[int, tuple[str | int, ...], str], ...] = (
    (0, (), "2:1"),
    (0, ("kind",), "2:7"),
    (0, ("metadata",), "3:11"),
    (0, ("metadata", "namespace"), "3:32"),
    (0, ("spec",), "5:3"),
    (0, ("spec", "scopes"), "6:5"),
    (0, ("spec", "scopes", 1), "7:7"),
    (0, ("spec", "members", 1, "user"), "8:32"),
    (0, ("spec", "members", 5), "8:12"),
    (0, ("spec", "nowhere"), "5:3"),
    (0, ("spec", "members", "tag", 1, "user"), "8:32"),
    (1, (), "10:1"),
    (1, ("spec", "owner"), "12:10"),
    (1, ("metadata",), "10:1"),
)


@pytest.mark.parametrize(("index", "path", "place"), PLACES, ids=str)
def test_place(index: int, path: tuple[str | int, ...], place: str) -> None:
    """Every value has its line and column; what is not there, the nearest thing around it."""
    source = read(TEXT)[index]

    assert str(source.at(*path)) == f"{FILE}:{place}"


def test_place_of_a_key() -> None:
    """A key has a place of its own, for members that should not be there."""
    source, _ = read(TEXT)

    assert str(source.key_at("spec", "members")) == f"{FILE}:8:3"
    assert str(source.key_at("metadata", "namespace")) == f"{FILE}:3:21"
    assert str(source.key_at("spec", "nowhere")) == f"{FILE}:4:1"


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("# nothing\n", 0), ("a: 1\n", 1), ("a: 1\n---\nb: 2\n...\n---\nc: 3\n", 3)],
)
def test_documents(text: str, count: int) -> None:
    """A file holds as many documents as it says, and a comment is none."""
    assert len(read(text)) == count


REFUSED: tuple[tuple[str, str, str], ...] = (
    ("a: 1\na: 2\n", "2:1", "'a' stands twice"),
    ("{a: 1, a: 2}\n", "1:8", "'a' stands twice"),
    ('a: 1\n"a": 2\n', "2:1", "'a' stands twice"),
    ("a: {b: {c: 1, c: 2}}\n", "1:15", "'c' stands twice"),
    ("a: &x 1\n", "1:4", "anchors and aliases"),
    ("a: &x [1]\n", "1:4", "anchors and aliases"),
    ("&x a: 1\n", "1:1", "anchors and aliases"),
    ("a: *x\n", "1:4", "anchors and aliases"),
    ("*x : 1\n", "1:1", "anchors and aliases"),
    ("<<: {a: 1}\n", "1:1", "merge keys"),
    ("a: !!str 1\n", "1:4", "tags are not read"),
    ("a: !x 1\n", "1:4", "tags are not read"),
    ("a: ! 1\n", "1:4", "tags are not read"),
    ("a: !!map {}\n", "1:4", "tags are not read"),
    ("a: !!binary aGk=\n", "1:4", "tags are not read"),
    ("!!python/object/apply:os.system [ls]\n", "1:1", "tags are not read"),
    ("? [a]\n: 1\n", "1:3", "a key is no string"),
    ("{{a: 1}: 2}\n", "1:2", "a key is no string"),
    ("a:\n\t- 1\n", "2:1", "not YAML"),
    ("a: [1\n", "2:1", "not YAML"),
    ("a: 'b\n", "2:1", "not YAML"),
    ("a: b: c\n", "1:5", "not YAML"),
    ("a: 1\n b: 2\n", "2:3", "not YAML"),
    ("a: \x07\n", "1:1", "not YAML"),
    ("%YAML 3.0\n---\na: 1\n", "1:1", "not YAML"),
)


@pytest.mark.parametrize(("text", "place", "says"), REFUSED, ids=repr)
def test_refused(text: str, place: str, says: str) -> None:
    """What could be read in two ways, or not at all, is refused at its place."""
    with pytest.raises(InvalidWorld) as invalid:
        read(text)

    (mistake,) = invalid.value.diagnostics
    assert str(mistake.position) == f"{FILE}:{place}"
    assert says in mistake.message


@pytest.mark.parametrize("opening", ["[", "{a: "])
def test_depth(opening: str) -> None:
    """Nesting is bounded before anything recurses."""
    closing = {"[": "]", "{a: ": "}"}[opening]

    assert read(opening * MAX_DEPTH + closing * MAX_DEPTH)
    for levels in (MAX_DEPTH + 2, 20_000):
        with pytest.raises(InvalidWorld, match=r"nested deeper|nesting depth"):
            read(opening * levels + closing * levels)


def test_expansion_is_impossible() -> None:
    """A few lines that expand to billions are refused at the first anchor."""
    rows = ["a0: &a0 [x, x]"]
    rows += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 40)]

    with pytest.raises(InvalidWorld, match="1:5"):
        read("\n".join(rows))
