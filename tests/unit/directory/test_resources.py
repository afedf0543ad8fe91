"""`resource` and the Cell's `resources`: whose tokens may count at a server."""

from __future__ import annotations

import pytest

from authz.directory.diagnostics import InvalidWorld
from authz.directory.load import load_directory
from tests.unit.directory.changes import sound

CELLS, DOCS = "directory/global/cells.yaml", "directory/ns/tools/docs.yaml"


def loaded(resource: str, *claims: str) -> str | None:
    """Load the sound directory where docs names *resource* and its Cell *claims*."""
    files = sound()
    cell, server = b"{owner: tess@example.com", b"  token: {mode: mint"
    listed = ", ".join(f"'{each}'" for each in claims).encode()
    assert files[CELLS].count(cell) == files[DOCS].count(server) == 1
    files[CELLS] = files[CELLS].replace(cell, cell + b", resources: [" + listed + b"]")
    files[DOCS] = files[DOCS].replace(server, f"  resource: '{resource}'\n".encode() + server)
    return load_directory(files)[0].targets["tools/docs"].resource


@pytest.mark.parametrize(
    ("resource", "claim"),
    [
        ("https://d.example/mcp", "https://d.example/mcp"),
        ("https://d.example/mcp", "https://d.example"),
        ("https://d.example/mcp", "https://d.example/"),
        ("https://d.example/mcp/", "https://d.example/mcp"),
        ("https://d.example/mcp", "https://D.example"),
    ],
)
def test_within(resource: str, claim: str) -> None:
    """A server may name what its Cell claims, and what lies below."""
    assert loaded(resource, "https://other.example", claim) == resource


@pytest.mark.parametrize(
    ("resource", "claim"),
    [
        ("https://d.example/mcp", "https://d.example/mc"),
        ("https://d.example.org", "https://d.example"),
        ("https://d.example", "https://d.example/mcp"),
        ("http://d.example/mcp", "https://d.example/mcp"),
        ("https://d.example:8443/mcp", "https://d.example/mcp"),
        ("https://hr.example", "https://d.example"),
    ],
)
def test_outside(resource: str, claim: str) -> None:
    """Nothing beside it: a token for another service is not for this server."""
    with pytest.raises(InvalidWorld) as invalid:
        loaded(resource, claim)

    (mistake,) = invalid.value.diagnostics
    assert "outside what Cell tools may claim" in mistake.message
    assert mistake.hint == f"its resources are {claim}"


def test_one_owner() -> None:
    """Two Cells do not claim the same."""
    files = sound()
    for before, after in (
        (
            b"{owner: tess@example.com",
            b"{owner: tess@example.com, resources: ['https://d.example']",
        ),
        (
            b"owner: alice@example.com\n",
            b"owner: alice@example.com\n  resources: ['https://d.example']\n",
        ),
    ):
        assert files[CELLS].count(before) == 1
        files[CELLS] = files[CELLS].replace(before, after)
    with pytest.raises(InvalidWorld) as invalid:
        load_directory(files)

    (mistake,) = invalid.value.diagnostics
    assert "the resource of a Cell https://d.example is claimed twice" in mistake.message
