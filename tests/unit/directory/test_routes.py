"""`directory.routes`: which route a request means, and which pairs nobody could tell apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz.directory.offers import HTTPRoute, SubjectRule
from authz.directory.routes import (
    PublicRoute,
    Route,
    Routes,
    collide,
    is_template,
    segments_of,
)

TEMPLATES = [
    "/",
    "/search",
    "/items/{id}",
    "/items/special",
    "/items/{id}/parts/{part}",
    "/v1.0/a_b-c~d",
    "/.well-known/x",
    "/...",
    "/{tenant}",
]
NO_TEMPLATES = [
    "",
    "search",
    "search/x",
    "//",
    "/search/",
    "//search",
    "/a//b",
    "/.",
    "/a/../b",
    "/a?x=1",
    "/a%20b",
    "/a:b",
    "/a;b",
    "/a b",
    "/é",
    "/{}",
    "/{1}",
    "/{a}{b}",
    "/x{a}",
    "/{a}x",
    "/{a/b}",
    "/*",
    "/" + "a/" * 32 + "a",
    "/a\n",
]


@pytest.mark.parametrize("text", TEMPLATES)
def test_templates(text: str) -> None:
    """Whole segments: plain ones, or variables."""
    assert is_template(text)


@pytest.mark.parametrize("text", NO_TEMPLATES)
def test_no_templates(text: str) -> None:
    """What a request could say in two ways, or nobody could ask for, is no template."""
    assert not is_template(text)


def route(method: str, path: str) -> HTTPRoute:
    """Declare a route."""
    return HTTPRoute(f"a/b/{method} {path}", method, path, "read", frozenset(), SubjectRule.NONE)


ROUTES: dict[str, Route] = {
    row.path if isinstance(row, PublicRoute) else row.own_name: row
    for row in (
        route("GET", "/"),
        route("GET", "/search"),
        route("GET", "/items/{id}"),
        route("GET", "/items/special"),
        route("GET", "/items/{id}/parts"),
        route("DELETE", "/items/{id}"),
        PublicRoute("GET", "/items/public"),
    )
}
MEANS = [
    ("GET", "/", "GET /"),
    ("GET", "/search", "GET /search"),
    ("GET", "/search/", None),
    ("GET", "/SEARCH", None),
    ("get", "/search", None),
    ("HEAD", "/search", None),
    ("POST", "/search", None),
    ("GET", "/items/7", "GET /items/{id}"),
    ("GET", "/items/a%20b", "GET /items/{id}"),
    ("GET", "/items/special", "GET /items/special"),
    ("GET", "/items/Special", None),
    ("GET", "/items/%C5%BFpecial", None),
    ("GET", "/items/%EF%BD%93pecial", None),
    ("GET", "/items/%EF%BC%B3pecial", None),
    ("GET", "/items/special%20", None),
    ("GET", "/items/%C2%A0Special", None),
    ("GET", "/items/%20", None),
    ("GET", "/items/%E3%80%80", None),
    ("DELETE", "/items/special", "DELETE /items/{id}"),
    ("GET", "/items/public", "/items/public"),
    ("GET", "/items/PUBLIC", None),
    ("GET", "/items/", None),
    ("GET", "/items", None),
    ("GET", "/items/7/parts", "GET /items/{id}/parts"),
    ("GET", "/items/special/parts", None),
    ("GET", "/items//parts", None),
    ("GET", "/items/7/parts/", None),
    ("GET", "/" + "a/" * 5000, None),
]


@pytest.mark.parametrize(("method", "path", "name"), MEANS)
def test_what_a_request_means(method: str, path: str, name: str | None) -> None:
    """Exactly, and a literal before a variable, in every spelling that is left of it."""
    assert Routes.of(ROUTES.values()).find(method, path) is (ROUTES[name] if name else None)


def test_only_routes_are_listed() -> None:
    """What is public is on no agent's list."""
    listed = Routes.of(ROUTES.values()).listed

    assert [*listed.values()] == [row for row in ROUTES.values() if isinstance(row, HTTPRoute)]


COLLIDE = [
    ("/a/{x}", "/a/{y}", True),
    ("/a/{x}", "/A/{x}", True),
    ("/a", "/a", True),
    ("/A/{x}", "/a/b", True),
    ("/A/b/{x}", "/a/b/c", True),
    ("/A/b", "/a/c", False),
    ("/a/{x}", "/{y}/b", True),
    ("/a/{x}/c", "/{y}/b/c", True),
    ("/a/{x}", "/a/b", False),
    ("/{x}/{y}", "/a/b", False),
    ("/{x}/{y}", "/a/{y}", False),
    ("/a/{x}", "/b/{y}", False),
    ("/a/{x}", "/a/{x}/c", False),
    ("/a/{x}/c", "/{y}/b/d", False),
]


@pytest.mark.parametrize(("one", "other", "expected"), COLLIDE)
def test_collide(one: str, other: str, *, expected: bool) -> None:
    """Two templates collide where neither is the nearer in every segment, in either order."""
    assert collide(segments_of(one), segments_of(other)) is expected
    assert collide(segments_of(other), segments_of(one)) is expected


SEGMENTS = st.lists(st.sampled_from(("a", "b", "{x}")), min_size=1, max_size=3)
templates = SEGMENTS.map(lambda parts: "/" + "/".join(parts))


@given(
    st.lists(templates, max_size=8),
    st.lists(st.sampled_from(("a", "b", "c")), min_size=1, max_size=3),
)
def test_nearest_of_all_that_fit(found: list[str], segments: list[str]) -> None:
    """Of routes that do not collide, the one that is found is nearest of all that a path fits."""
    kept: list[str] = []
    for template in found:
        if not any(collide(segments_of(template), segments_of(each)) for each in kept):
            kept.append(template)
    path = "/" + "/".join(segments)
    fitting = [template for template in kept if _fits(segments_of(template), segments)]
    nearest = max(fitting, key=lambda text: sum(map(bool, segments_of(text))), default=None)

    got = Routes.of(route("GET", template) for template in kept).find("GET", path)

    # Where a literal leads nowhere, the variable beside it is not tried: less is found, never more.
    assert (got.path if got else None) in {nearest, None}
    if all(_leads(kept, segments)):
        assert (got.path if got else None) == nearest


def _fits(template: tuple[str | None, ...], segments: list[str]) -> bool:
    return len(template) == len(segments) and all(
        each in (None, segment) for each, segment in zip(template, segments, strict=True)
    )


def _leads(kept: list[str], segments: list[str]) -> list[bool]:
    """Say of each template that begins like a path whether it also ends like it."""
    rows = [segments_of(template) for template in kept]
    return [_fits(row, segments) for row in rows if row and row[0] in (None, segments[0])]
