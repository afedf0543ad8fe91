"""The table of methods names every method that an official SDK knows, in Python and on npm."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import pytest
from mcp_types.methods import CLIENT_NOTIFICATIONS, CLIENT_REQUESTS
from pydantic import BaseModel

from authz.model.operation import Era
from authz.protocols.mcp import FIRST_MODERN_VERSION
from authz.protocols.mcp_methods import METHODS, Rule

NPM_NAMES = Path(__file__).parent / "npm_methods.txt"
NPM_PACKAGES = Path(__file__).parents[2] / "clients/drivers/node_modules/@modelcontextprotocol"
PYTHON_PACKAGES = ("mcp", "mcp_types")

NAME = re.compile(r"""["']([a-z]+(?:/[a-zA-Z_]+){1,3})["']""")
PLAIN_NAME = re.compile(r"""method(?::\s*Literal\[|:\s*z\.literal\()["']([A-Za-z]+)["']""")
NO_METHODS = frozenset(
    {"application", "audio", "image", "inode", "text", "ref", "ajv", "hono", "meta", "property"}
    | {"a", "x", "relative"}
)
"""What strings of the SDKs begin with that have slashes and are no methods: types of media, of
references and of schemas, packages, examples."""


def names_in(files: Iterable[Path]) -> set[str]:
    """Give all strings of source files that look like a method's name."""
    texts = [file.read_text(encoding="utf-8") for file in files]
    slashed = {name for text in texts for name in NAME.findall(text)}
    plain = {name for text in texts for name in PLAIN_NAME.findall(text)}
    return {name for name in slashed if name.split("/")[0] not in NO_METHODS} | plain


def python_names() -> set[str]:
    """Give the names in the installed packages for Python."""
    specs = [find_spec(name) for name in PYTHON_PACKAGES]
    folders = [Path(str(spec.origin)).parent for spec in specs if spec is not None]
    assert len(folders) == len(PYTHON_PACKAGES)
    return names_in(file for folder in folders for file in folder.rglob("*.py"))


def npm_names() -> set[str]:
    """Give the reviewed names of the packages on npm."""
    lines = NPM_NAMES.read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def test_python() -> None:
    """Every name that the SDK for Python knows has a row."""
    found = python_names()

    assert {"initialize", "ping", "tools/call", "subscriptions/listen", "tasks/result"} <= found
    assert found <= METHODS.keys()


def test_npm() -> None:
    """Every reviewed name of the SDKs on npm has a row."""
    found = npm_names()

    assert {"tasks/update", "skills/get"} <= found
    assert found <= METHODS.keys()


def test_every_row_is_some_sdks() -> None:
    """The table names nothing that nobody sends."""
    assert METHODS.keys() == python_names() | npm_names()


@pytest.mark.skipif(not NPM_PACKAGES.is_dir(), reason="the npm packages are not installed")
def test_npm_names_are_those_of_the_packages() -> None:
    """The reviewed file is what the installed packages say, no more and no less."""
    found = names_in(
        file
        for package in ("sdk/dist/esm", "client/dist", "core/dist")
        for file in (NPM_PACKAGES / package).rglob("*.*js")
        if "node_modules" not in file.relative_to(NPM_PACKAGES).parts
    )

    assert found == npm_names()


SENT = {**CLIENT_REQUESTS, **CLIENT_NOTIFICATIONS}
"""By method and revision: the models of what clients send."""


def members_of(model: Any) -> set[str]:
    """Give the names on the wire of what the `params` of *model* may have."""
    found: set[str] = set()
    stack = [model.model_fields["params"].annotation]
    while stack:
        kind = stack.pop()
        stack.extend(get_args(kind))
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= {field.alias or name for name, field in kind.model_fields.items()}
    return found


@pytest.mark.parametrize(("method", "revision"), SENT, ids=str)
def test_what_clients_send_is_known(method: str, revision: str) -> None:
    """Whatever the SDK's models let a client say in `params`, the table lets it say in that era."""
    era = Era.MODERN if revision >= FIRST_MODERN_VERSION else Era.LEGACY
    known = METHODS[method].members(era)

    assert known is not None
    assert members_of(SENT[method, revision]) <= known


def test_methods_of_revisions_are_the_table_s() -> None:
    """Apart from sessions, and extensions, the table gives an era the methods of its revisions."""
    for era, revision in ((Era.LEGACY, "2025-11-25"), (Era.MODERN, FIRST_MODERN_VERSION)):
        sent = {method for method, each in SENT if each == revision}
        listed = {
            method
            for method, row in METHODS.items()
            if row.rule is not Rule.SESSION and row.members(era) is not None
        }
        extensions = {method for method in listed if "task" in method or "skill" in method}
        beyond = {"resources/directory/read"} | ({"subscriptions/listen"} - sent)
        assert listed - extensions - beyond <= sent
        assert {method for method in sent if METHODS[method].rule is not Rule.SESSION} <= listed
