"""Routes of one HTTPService: no request may mean two of them, public ones included."""

from __future__ import annotations

import pytest

from authz.directory.diagnostics import Diagnostic, InvalidWorld, Severity
from authz.directory.load import load_directory
from tests.unit.directory.changes import sound

FILE = "directory/ns/tools/press.yaml"
SERVICE = """apiVersion: narrowgate.dev/v1alpha1
kind: HTTPService
metadata: {{name: press, namespace: tools}}
spec:
  hosts: [press.example]
  audience: https://press.example
  callers: []
  token: {{mode: mint}}
  routes:
    - {{method: GET, path: "{first}", action: read, scopes: ["docs:read"]}}
    - {{method: {method}, path: "{second}", action: read, scopes: ["docs:read"]}}
  public:
    - {{method: GET, path: "{public}"}}
"""


def mistakes(
    first: str = "/a/{x}", second: str = "/b", method: str = "GET", public: str = "/styles"
) -> list[Diagnostic]:
    """Give what is wrong with a service of these routes."""
    text = SERVICE.format(first=first, second=second, method=method, public=public)
    try:
        load_directory({**sound(), FILE: text.encode()})
    except InvalidWorld as error:
        return [row for row in error.diagnostics if row.severity is Severity.ERROR]
    return []


@pytest.mark.parametrize(
    ("second", "method", "public"),
    [
        ("/b", "GET", "/styles"),
        ("/a/b", "GET", "/a/c"),
        ("/a/{y}/b", "GET", "/styles"),
        ("/a/{y}", "POST", "/styles"),
    ],
)
def test_told_apart(second: str, method: str, public: str) -> None:
    """By method, by length, or by a literal where the other has a variable."""
    assert mistakes(second=second, method=method, public=public) == []


@pytest.mark.parametrize(
    ("second", "public", "both", "place"),
    [
        ("/a/{y}", "/styles", "GET /a/{x} and GET /a/{y}", "11:27"),
        ("/{y}/b", "/styles", "GET /a/{x} and GET /{y}/b", "11:27"),
        ("/b", "/A/{y}", "GET /a/{x} and GET /A/{y}", "13:27"),
        ("/b", "/B", "GET /b and GET /B", "13:27"),
    ],
)
def test_of_two_meanings(second: str, public: str, both: str, place: str) -> None:
    """The second is the mistake, and the first is named."""
    (mistake,) = mistakes(second=second, public=public)

    assert str(mistake.position) == f"{FILE}:{place}"
    assert mistake.message == f"a request can mean both {both}"
    assert f"the first is {FILE}:1" in mistake.hint


def test_each_is_told() -> None:
    """A third that collides with both is told once."""
    rows = mistakes(first="/a", second="/A", public="/a")

    assert [row.position.line for row in rows] == [11, 13]
