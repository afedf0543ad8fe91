"""`policy.arguments`: every path in exactly one place, numbers that stay upper bounds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from authz.model.strict_json import JSON, read_json
from authz.policy.arguments import (
    MAX_POINTERS,
    MAX_VALUES,
    BadArgument,
    are_as_declared,
    check_exact,
    sort_arguments,
    texts_of,
)
from authz.policy.shapes import Field, Kind, Shape, compile_shape

SHAPE = compile_shape(
    {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "count": {"type": "integer"},
            "price": {"type": "number"},
            "done": {"type": "boolean"},
            "note": {"type": ["string", "null"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "where": {
                "type": "object",
                "properties": {"path": {"type": "string"}, "any": {}},
                "required": ["path"],
                "additionalProperties": True,
            },
            "rows": {"type": "array", "items": {"properties": {"x": {"type": "integer"}}}},
            "any": {},
            "a/b~c": {"type": "string"},
        },
    }
)

Sorted = tuple[dict[str, Any], list[str], list[str]]


def sort(arguments: dict[str, Any]) -> Sorted:
    """Sort *arguments*: typed, unknown, untyped."""
    found = sort_arguments({"name": "n", **arguments}, SHAPE)
    typed = {name: value for name, value in found.typed.items() if name != "name"}
    return typed, found.unknown, found.untyped


def dec(text: str) -> dict[str, Any]:
    """Write a decimal as the engine reads it."""
    return {"__extn": {"fn": "decimal", "arg": text}}


SORTED: tuple[tuple[dict[str, Any], Sorted], ...] = (
    ({}, ({}, [], [])),
    ({"count": 5}, ({"count": 5}, [], [])),
    ({"count": Decimal("5.0")}, ({"count": 5}, [], [])),
    ({"count": Decimal("1E+3")}, ({"count": 1000}, [], [])),
    ({"count": 2**63 - 1}, ({"count": 2**63 - 1}, [], [])),
    ({"count": -(2**63)}, ({"count": -(2**63)}, [], [])),
    ({"price": 5}, ({"price": dec("5.0000")}, [], [])),
    ({"price": Decimal("0.00001")}, ({"price": dec("0.0001")}, [], [])),
    ({"price": Decimal("-0.00001")}, ({"price": dec("-0.0001")}, [], [])),
    ({"price": Decimal("500.00000001")}, ({"price": dec("500.0001")}, [], [])),
    ({"price": Decimal("1E-900")}, ({"price": dec("0.0001")}, [], [])),
    ({"price": Decimal("899999999999999.9999")}, ({"price": dec("899999999999999.9999")}, [], [])),
    ({"done": False}, ({"done": False}, [], [])),
    ({"note": None}, ({}, [], [])),
    ({"note": "x"}, ({"note": "x"}, [], [])),
    ({"tags": []}, ({"tags": []}, [], [])),
    ({"tags": ["a", "a"]}, ({"tags": ["a", "a"]}, [], [])),
    ({"any": None}, ({}, [], ["/any"])),
    ({"any": {"deep": [1]}}, ({}, [], ["/any"])),
    ({"other": 1}, ({}, ["/other"], [])),
    ({"Count": 1}, ({}, ["/Count"], [])),
    ({"__entity": {"type": "User", "id": "a"}}, ({}, ["/__entity"], [])),
    ({"where": {"path": "p"}}, ({"where": {"path": "p"}}, [], [])),
    ({"where": {"path": "p", "any": 1}}, ({"where": {"path": "p"}}, [], ["/where/any"])),
    ({"where": {"path": "p", "more": 1}}, ({"where": {"path": "p"}}, [], ["/where/more"])),
    ({"where": {"path": "p", "Path": 1}}, ({"where": {"path": "p"}}, ["/where/Path"], [])),
    ({"where": {"path": "p", "__extn": 1}}, ({"where": {"path": "p"}}, ["/where/__extn"], [])),
    ({"rows": [{"x": 1}, {"y": 2}]}, ({"rows": [{"x": 1}, {}]}, ["/rows/1/y"], [])),
    ({"a/b~c": "v"}, ({"a/b~c": "v"}, [], [])),
    ({"x/y~z": 1}, ({}, ["/x~1y~0z"], [])),
    ({"": 1}, ({}, ["/"], [])),
)

BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({"name": None}, "/name"),
    ({"name": 5}, "/name"),
    ({"name": ["a"]}, "/name"),
    ({"name": {"__extn": {"fn": "ip", "arg": "1.1.1.1"}}}, "/name"),
    ({"name": {"__entity": {"type": "User", "id": "a"}}}, "/name"),
    ({"count": "5"}, "/count"),
    ({"count": True}, "/count"),
    ({"count": None}, "/count"),
    ({"count": Decimal("5.5")}, "/count"),
    ({"count": 2**63}, "/count"),
    ({"count": -(2**63) - 1}, "/count"),
    ({"count": Decimal("1E+400")}, "/count"),
    ({"price": "5"}, "/price"),
    ({"price": True}, "/price"),
    ({"price": 9 * 10**14}, "/price"),
    ({"price": Decimal("-1E+15")}, "/price"),
    ({"price": dec("1.0")}, "/price"),
    ({"done": 0}, "/done"),
    ({"done": "true"}, "/done"),
    ({"note": 5}, "/note"),
    ({"tags": "a"}, "/tags"),
    ({"tags": {"0": "a"}}, "/tags"),
    ({"tags": ["a", None]}, "/tags/1"),
    ({"tags": ["a", ["b"]]}, "/tags/1"),
    ({"where": []}, "/where"),
    ({"where": None}, "/where"),
    ({"where": {}}, "/where/path"),
    ({"where": {"path": None}}, "/where/path"),
    ({"rows": [{"x": "1"}]}, "/rows/0/x"),
    ({"a/b~c": 1}, "/a~1b~0c"),
)


@pytest.mark.parametrize(("arguments", "expected"), SORTED, ids=str)
def test_sorted(arguments: dict[str, Any], expected: Sorted) -> None:
    """Each argument is typed, unknown or untyped, and null where allowed is left out."""
    assert sort(arguments) == expected


@pytest.mark.parametrize(("arguments", "pointer"), BAD, ids=str)
def test_bad(arguments: dict[str, Any], pointer: str) -> None:
    """A value of another type than declared is refused, with its place and not itself."""
    with pytest.raises(BadArgument) as bad:
        sort(arguments)

    assert bad.value.pointer == pointer


def test_missing() -> None:
    """A required argument that is not there is refused; defaults are not filled in."""
    with pytest.raises(BadArgument, match="/name"):
        sort_arguments({}, SHAPE)


TEXTS: tuple[tuple[dict[str, Any], dict[str, str]], ...] = (
    ({}, {}),
    ({"a": "x"}, {"/a": "x"}),
    ({"a": None, "b": True, "c": False}, {"/a": "null", "/b": "true", "/c": "false"}),
    ({"a": 5, "b": Decimal("1.50")}, {"/a": "5", "/b": "1.5"}),
    ({"a": [1, {"b": "x"}]}, {"/a": "[]", "/a/0": "1", "/a/1": "{}", "/a/1/b": "x"}),
    ({"a/b": "x", "a": {"b": "y"}}, {"/a~1b": "x", "/a": "{}", "/a/b": "y"}),
    ({"": {"": "x"}}, {"/": "{}", "//": "x"}),
    ({"__entity": {"type": "T"}}, {"/__entity": "{}", "/__entity/type": "T"}),
    ({"Cmd": {"X": 1}}, {"/Cmd": "{}", "/cmd": "{}", "/Cmd/X": "1", "/cmd/x": "1"}),
    ({"a": [], "b": {}}, {"/a": "[]", "/b": "{}"}),
)


SPELLINGS = {
    "22": ("22", "22.0", "22.00", "2.2e1", "220e-1", "0.22E+2", "22e0"),
    "0": ("0", "0.0", "-0.0", "0e5", "0e-999999999", "-0"),
    "-0.5": ("-0.5", "-0.50", "-5e-1"),
    "100": ("100", "1e2", "1E+2", "100.0"),
}


@pytest.mark.parametrize(
    ("text", "spelling"),
    [(text, spelling) for text, row in SPELLINGS.items() for spelling in row],
)
def test_one_text_for_one_number(text: str, spelling: str) -> None:
    """A number has one text however it is spelt, so no spelling steps around a rule on it."""
    (number,) = texts_of({"n": read_json(spelling.encode())}).values()

    assert number == text


def test_text_of_an_endless_number() -> None:
    """A number of a billion places is not written out; it is never allowed."""
    (number,) = texts_of({"n": Decimal("1e999999999")}).values()

    assert len(number) < 20


@pytest.mark.parametrize(("arguments", "texts"), TEXTS, ids=str)
def test_texts(arguments: dict[str, Any], texts: dict[str, str]) -> None:
    """Everything is there as text under a pointer of its own, and under its small spelling."""
    assert texts_of(arguments) == texts


UNFIT: dict[str, dict[str, Any]] = {
    "too many values": {"any": [0] * MAX_VALUES},
    "too long names above many values": {"any": {"n" * 2 * (MAX_POINTERS // 900): [0] * 900}},
    "half a letter in a name": {"any": {"\ud800": 0}},
    "half a letter in a text": {"any": ["\ud800"]},
}


@pytest.mark.parametrize("arguments", UNFIT.values(), ids=UNFIT)
def test_unfit(arguments: dict[str, Any]) -> None:
    """What no schema speaks of has bounds too, and is text where it says so."""
    with pytest.raises(BadArgument):
        sort(arguments)


def test_fit() -> None:
    """What is just within the bounds is let through."""
    many: dict[str, Any] = {"any": [0] * (MAX_VALUES - 3)}
    long: dict[str, Any] = {"any": {"n" * (MAX_POINTERS // 1000): [0] * 900}}

    assert sort(many) == sort(long) == ({}, [], ["/any"])


EXACT = (0, -1, True, 2**53 - 1, 1 - 2**53, Decimal("0.1"), Decimal("-2.5"), Decimal("1e300"))
INEXACT = (
    2**53,
    -(2**53),
    Decimal("0.10000000000000000001"),
    Decimal("9007199254740993.0"),
    Decimal("1e400"),
    Decimal("1e-400"),
)


@pytest.mark.parametrize("number", EXACT, ids=str)
def test_exact(number: Any) -> None:
    """A number that every reader takes for itself is let through, wherever it stands."""
    check_exact({"a": [{"b": number}]})


@pytest.mark.parametrize("number", INEXACT, ids=str)
def test_inexact(number: Any) -> None:
    """A number that a reader of doubles would take for another is refused, and where it stands."""
    with pytest.raises(BadArgument) as bad:
        check_exact({"a": [{"b": number}]})

    assert str(bad.value) == (
        "the argument at '/a/0/b': some readers would take it for another number"
    )


SEARCH = compile_shape(
    {
        "properties": {
            "q": {"type": "string"},
            "n": {"type": "integer"},
            "all": {"type": "boolean"},
            "in": {"properties": {"q": {"type": "string"}}, "type": "object"},
        },
        "required": ["q"],
    }
)
AS_DECLARED: tuple[dict[str, JSON], ...] = (
    {"q": "x"},
    {"q": "x", "n": 2**53 - 1, "all": True},
    {"n": 1 - 2**53, "q": ""},
)
TO_BE_LOOKED_AT: tuple[dict[str, JSON], ...] = (
    {},
    {"n": 1},
    {"q": "\u00e9"},
    {"q": "\ud800"},
    {"q": 1},
    {"q": None},
    {"q": "x", "n": 2**53},
    {"q": "x", "n": True},
    {"q": "x", "n": Decimal("1.0")},
    {"q": "x", "all": 1},
    {"q": "x", "Q": "y"},
    {"q": "x", "more": "y"},
    {"q": "x", "in": {"q": "y"}},
)


@pytest.mark.parametrize("arguments", AS_DECLARED, ids=str)
def test_as_declared(arguments: dict[str, JSON]) -> None:
    """Flat values of declared types, with all that is required, need no further look."""
    assert are_as_declared(arguments, SEARCH)


@pytest.mark.parametrize("arguments", TO_BE_LOOKED_AT, ids=ascii)
def test_to_be_looked_at(arguments: dict[str, JSON]) -> None:
    """All else is looked at one by one, good or not."""
    assert not are_as_declared(arguments, SEARCH)


def test_null_of_a_required_member() -> None:
    """Null where it is allowed is the argument left out, of a required one too."""
    nothing = Shape(
        Kind.OBJECT, fields={"a": Field(Shape(Kind.STRING, nullable=True), required=True)}
    )

    assert sort_arguments({"a": None}, nothing).typed == {}
    assert sort_arguments({}, nothing).typed == {}


def test_array_of_nobody_knows_what() -> None:
    """An array without a shape for its elements has no type that Cedar could read."""
    shape = Shape(Kind.OBJECT, fields={"a": Field(Shape(Kind.ARRAY), required=False)})

    values: tuple[list[JSON], ...] = ([], [1])
    for value in values:
        with pytest.raises(BadArgument):
            sort_arguments({"a": value}, shape)
