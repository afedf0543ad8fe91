"""`directory.by_uri`: a look-up gives what trying all resources one by one gives."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from authz.directory.by_uri import ByUri
from authz.directory.offers import MCPResource, SubjectRule
from authz.model.resource_uri import ResourceUri
from authz.model.scopes import NO_SCOPES

DECLARED = (
    "docs://handbook",
    "docs://handbook/A",
    "docs://pages/index",
    "docs://pages/Index/a",
    "docs://pages/{page}",
    "docs://pages/{page}/a",
    "docs://pages/{page}/{part}",
    "docs://{host}/index/a",
    "docs://{host}/{page}/{part}",
    "notes://pages/{page}",
    "notes://pages/index",
    "docs://search?q=a&b",
    "docs://pages/",
    "docs:///x/{y}",
)
PARTS = (
    "pages",
    "Pages",
    "index",
    "INDEX",
    "%69ndex",
    "i%2Fndex",
    "a",
    "A",
    "x",
    "{page}",
    "",
    "..",
)
SCHEMES = ("docs://", "DOCS://", "notes://", "%64ocs://", "docs:/")


def resource(text: str) -> MCPResource:
    """Declare a resource."""
    return MCPResource(f"tools/a/{text}", ResourceUri.parse(text), NO_SCOPES, SubjectRule.REQUIRED)


def one_by_one(resources: Sequence[MCPResource], uri: str) -> MCPResource | None:
    """Give the narrowest that matches, unless *uri* resembles a narrower one."""
    matching = (each for each in resources if each.uri.matches(uri))
    found = min(matching, key=lambda each: len(each.uri.variables), default=None)
    if found is None or any(
        each.uri.is_narrower(found.uri) and each.uri.resembles(uri) for each in resources
    ):
        return None
    return found


URIS = st.one_of(
    st.sampled_from(DECLARED),
    st.sampled_from(DECLARED).map(str.upper),
    st.builds(
        lambda scheme, parts: scheme + "/".join(parts),
        st.sampled_from(SCHEMES),
        st.lists(st.sampled_from(PARTS), min_size=1, max_size=4),
    ),
)


@given(st.sets(st.sampled_from(DECLARED)).map(sorted), URIS)
def test_as_one_by_one(declared: list[str], uri: str) -> None:
    """Whatever is declared and asked for, in whatever spelling."""
    resources = [*map(resource, declared)]
    by_uri = ByUri.of(resources)

    assert by_uri.find(uri) == one_by_one(resources, uri)
    assert by_uri.template(uri) == next((r for r in resources if r.uri.text == uri), None)
