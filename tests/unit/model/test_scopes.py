"""`model.scopes`: RFC 6749 section 3.3."""

from __future__ import annotations

import pytest

from authz.model.scopes import NO_SCOPES, format_scopes, is_scope, parse_scopes

READ: tuple[tuple[str, set[str]], ...] = (
    ("", set()),
    ("a", {"a"}),
    ("b a", {"a", "b"}),
    ("a a", {"a"}),
    ("docs:read https://x.example/y", {"docs:read", "https://x.example/y"}),
    ("A a", {"A", "a"}),
    ("!#$%&'()*+,-./", {"!#$%&'()*+,-./"}),
)


@pytest.mark.parametrize(("text", "scopes"), READ)
def test_read(text: str, scopes: set[str]) -> None:
    """A claim is a set: order and repetition mean nothing, case does."""
    assert parse_scopes(text) == scopes


@pytest.mark.parametrize("text", ["a\tb", "a\nb", 'a"b', "a\\b", "é", "a\u00a0b", "a\0", "\x7f"])
def test_foreign_character(text: str) -> None:
    """A character that no scope may have makes the whole claim unreadable."""
    with pytest.raises(ValueError):
        parse_scopes(text)


def test_length() -> None:
    """A scope has 256 characters at most."""
    assert is_scope("a" * 256)
    assert not is_scope("a" * 257)
    assert not is_scope("")


def test_one_spelling_for_equal_sets() -> None:
    """Equal sets are written alike, so that tokens and records compare."""
    assert format_scopes(["b", "a"]) == format_scopes({"a", "b"}) == "a b"
    assert format_scopes(NO_SCOPES) == ""


def test_written_is_read_again() -> None:
    """What is written means the same when it comes back."""
    scopes = frozenset({"docs:read", "docs:write", "x"})

    assert parse_scopes(format_scopes(scopes)) == scopes
