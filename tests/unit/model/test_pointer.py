"""`model.pointer`: RFC 6901 into claims."""

from __future__ import annotations

from typing import Any

import pytest

from authz.model.pointer import look_up
from authz.model.strict_json import JSON

DOCUMENT: dict[str, Any] = {
    "groups": ["a", "b"],
    "realm_access": {"roles": ["r"]},
    "a/b": 1,
    "m~n": 2,
    "": 3,
    "0": "member",
    "nothing": None,
}

FOUND: tuple[tuple[str, JSON], ...] = (
    ("/groups", ["a", "b"]),
    ("/groups/1", "b"),
    ("/realm_access/roles", ["r"]),
    ("/a~1b", 1),
    ("/m~0n", 2),
    ("/", 3),
    ("/0", "member"),
    ("/nothing", None),
)

NOWHERE = (
    "/missing",
    "/groups/2",
    "/groups/-1",
    "/groups/-",
    "/groups/x",
    "/groups/\u0661",
    "/groups/1/x",
    "/realm_access/roles/r",
    "/a/b",
    "/Groups",
    "/nothing/x",
    "/a~1b/x",
)


@pytest.mark.parametrize(("pointer", "value"), FOUND)
def test_found(pointer: str, value: JSON) -> None:
    """A pointer leads through members and rows, its two escapes undone."""
    assert look_up(DOCUMENT, pointer) == value


@pytest.mark.parametrize("pointer", NOWHERE)
def test_nowhere(pointer: str) -> None:
    """Where there is nothing, nothing is found, and nothing is raised."""
    assert look_up(DOCUMENT, pointer) is None


def test_escapes_are_undone_in_order() -> None:
    """`~01` is `~1` and no slash (RFC 6901 section 4)."""
    assert look_up({"~1": "tilde", "/": "slash"}, "/~01") == "tilde"
