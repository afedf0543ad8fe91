"""`model.resource_uri`: which URIs a declared one is, and which no reader may take for it."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz.model.resource_uri import MAX_URI, NotResourceUri, ResourceUri

DECLARED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("docs://handbook", ("docs://handbook",)),
    ("docs://handbook/", ("docs://handbook/",)),
    ("docs://a/b?x=1&y=2", ("docs://a/b?x=1&y=2",)),
    ("http://docs.example:8080/a;b".replace(";", ":"), ("http://docs.example:8080/a:b",)),
    ("file:///etc/motd", ("file:///etc/motd",)),
    ("docs://pages/{page}", ("docs://pages/tides", "docs://pages/a.b-c_d~1", "docs://pages/...")),
    (
        "docs://pages/{page}",
        ("docs://pages/high%20tide", "docs://pages/a%3Ab", "docs://pages/%C3%A9"),
    ),
    ("docs://{area}/x", ("docs://pages/x", "docs://a-b.c/x")),
    ("docs://pages/{a}/of/{b}", ("docs://pages/1/of/2",)),
    ("file:///{name}", ("file:///motd",)),
)


@pytest.mark.parametrize(("text", "uris"), DECLARED)
def test_matches(text: str, uris: tuple[str, ...]) -> None:
    """A literal is itself; a variable is one segment, spelt as expansion spells it."""
    declared = ResourceUri.parse(text)

    assert [uri for uri in uris if not declared.matches(uri)] == []


REFUSED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "docs://handbook",
        (
            "docs://handbook/",
            "docs://Handbook",
            "DOCS://handbook",
            "docs:/handbook",
            "docs:handbook",
            "docs:///handbook",
            "docs://handbook?",
            "docs://handbook#",
            "docs://handbook ",
            " docs://handbook",
            "docs://handboo%6b",
            "docs://handbook\n",
            "docs://handbook.",
            "docs://user@handbook",
            "docs://handbook:80",
            "",
        ),
    ),
    (
        "docs://pages/{page}",
        (
            "pages/x",
            "docs://pages",
            "docs://pages/",
            "docs://pages//",
            "docs://pages//x",
            "docs://pages/x/",
            "docs://pages/x/y",
            "docs://pages/../x",
            "docs://pages/.",
            "docs://pages/..",
            "docs://pages/%2e",
            "docs://pages/%2E%2E",
            "docs://pages/.%2E",
            "docs://pages/x%2Fy",
            "docs://pages/x%2fy",
            "docs://pages/x%5Cy",
            "docs://pages/x\\y",
            "docs://pages/%78",
            "docs://pages/%41",
            "docs://pages/%7E",
            "docs://pages/%c3%a9",
            "docs://pages/%C3",
            "docs://pages/%C0%AF",
            "docs://pages/%EF%BC%8F",
            "docs://pages/%EF%BC%8E%EF%BC%8E",
            "docs://pages/%20..",
            "docs://pages/x%00",
            "docs://pages/x%0A",
            "docs://pages/x%3Fy",
            "docs://pages/x%23y",
            "docs://pages/x%25",
            "docs://pages/x%252F",
            "docs://pages/x%3By",
            "docs://pages/%7Bpage%7D",
            "docs://pages/{page}",
            "docs://pages/x%",
            "docs://pages/x%2",
            "docs://pages/x%zz",
            "docs://pages/x?y",
            "docs://pages/x#y",
            "docs://pages/x;y",
            "docs://pages/x y",
            "docs://pages/x+y",
            "docs://pages/x:y",
            "docs://pages/x@y",
            "docs://pages/é",
            "docs://pages/x\x00",
            "docs://pages/x\ud800",
            "docs://Pages/x",
            "Docs://pages/x",
            "docs://pages:80/x",
            "docs://user@pages/x",
            f"docs://pages/{'x' * MAX_URI}",
        ),
    ),
    (
        "docs://{area}/x",
        ("docs:///x", "docs://A/x", "docs://a:80/x", "docs://a@b/x", "docs://a%20/x"),
    ),
    ("docs://{area}/x", ("docs://./x", "docs://../x", "docs://a./x", "docs://%61/x")),
)


@pytest.mark.parametrize(("text", "uris"), REFUSED)
def test_is_none_of_them(text: str, uris: tuple[str, ...]) -> None:
    """What two readers could take for two resources is not the declared one."""
    declared = ResourceUri.parse(text)

    assert [uri for uri in uris if declared.matches(uri)] == []


@pytest.mark.parametrize("text", ["", "docs", "docs:handbook", "Docs://a", "1://a"])
def test_no_scheme(text: str) -> None:
    """What is no URI is told how one begins."""
    with pytest.raises(NotResourceUri, match=r"^expected scheme://"):
        ResourceUri.parse(text)


MISTAKES = (
    "",
    "docs",
    "docs:handbook",
    "docs:/handbook",
    "docs://",
    "docs:///",
    "docs:////a",
    "Docs://a",
    "docs://A",
    "docs://a b",
    "docs://a//b",
    "docs://a//",
    "docs://a/./b",
    "docs://a/..",
    "docs://a/%20",
    "docs://a/b#c",
    "docs://a/b?",
    "docs://a/b?c#d",
    "docs://a/b?c?d",
    "docs://a/é",
    "docs://a/x{b}",
    "docs://a/{b}x",
    "docs://a/{b}{c}",
    "docs://a/{+b}",
    "docs://a/{b*}",
    "docs://a/{b,c}",
    "docs://a/{}",
    "docs://a/{b}/{b}",
    "docs://a/{b}?x=1",
    "docs://a/b?x={y}",
    "docs://a@b/c",
    "docs://a:0/c",
    "1docs://a",
)


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes(text: str) -> None:
    """What is no URI in one spelling, and no template of whole segments, is not declared."""
    with pytest.raises(NotResourceUri):
        ResourceUri.parse(text)


OVERLAPS = (
    ("docs://a/{x}", "docs://a/b", True, True),
    ("docs://a/{x}", "docs://a/{y}", True, False),
    ("docs://{a}/x", "docs://b/{y}", True, False),
    ("docs://{a}/{x}", "docs://b/{y}", True, True),
    ("docs://a/b", "docs://a/b", True, False),
    ("docs://a/b", "docs://a/c", False, False),
    ("docs://a/b", "docs://a/b?c", False, False),
    ("docs://a/{x}", "docs://b/{x}", False, False),
    ("docs://a/{x}", "docs://a/{x}/{y}", False, False),
    ("docs://a/{x}", "file://a/{x}", False, False),
)


@pytest.mark.parametrize(("one", "other", "overlaps", "is_plain"), OVERLAPS)
def test_overlaps(one: str, other: str, overlaps: bool, is_plain: bool) -> None:  # noqa: FBT001
    """Two that one URI could match are told apart where one is literal wherever the other is."""
    first, second = ResourceUri.parse(one), ResourceUri.parse(other)

    assert first.overlaps(second) == second.overlaps(first) == overlaps
    if overlaps:
        assert (first.is_narrower(second) or second.is_narrower(first)) == is_plain


PARTS = st.lists(
    st.sampled_from([".", "..", "%2e", "%2E", "%2F", "/", "//", "\\", "%5C", "a", "%61", "A", "é"])
    | st.text(max_size=3),
    max_size=5,
).map("".join)


@given(PARTS)
def test_one_spelling(part: str) -> None:
    """Whatever matches has one spelling, decodes to one segment, and stays where it is."""
    declared = ResourceUri.parse("docs://pages/{page}")
    if not declared.matches(f"docs://pages/{part}"):
        return
    value = unquote(part, errors="strict")
    assert quote(value, safe="") == part
    assert value not in ("", ".", "..")
    assert not set("/\\?#%;") & set(value)
    assert unquote(value) == value


@given(st.text())
def test_any_text(text: str) -> None:
    """Whatever is asked for, it is answered; whatever is declared is one URI, or a mistake."""
    assert ResourceUri.parse("docs://pages/{page}").matches(text) in (True, False)
    try:
        declared = ResourceUri.parse(text)
    except NotResourceUri:
        return
    assert declared.variables or declared.matches(text)
    assert declared.overlaps(declared)
