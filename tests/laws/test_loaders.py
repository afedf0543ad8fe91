"""Loaders: whatever stands in a file, it loads or is refused with its place, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml
from cedarpy import policies_to_json_str
from hypothesis import event, given
from hypothesis import strategies as st

from authz.directory.diagnostics import Diagnostic, InvalidWorld
from authz.directory.load import load_directory
from authz.directory.reader import read_documents
from authz.policy.source import NotOnePolicy, read_source
from authz.policy.statements import split_statements
from tests.unit.directory.changes import ROOT, SOUND, sound

FILES = sorted(name.removeprefix(ROOT) for name in SOUND if name.endswith(".yaml"))
PARSED = {name: [*yaml.safe_load_all(SOUND[ROOT + name])] for name in FILES}

odd = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 400),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=6),
        st.sampled_from(("*", "/", "a/b", "corp", "tools/docs", "docs:read", "0s", "unix:", ":1")),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(("$file", "name", "spiffe", "to", "a")), inner, max_size=2),
    ),
    max_leaves=4,
)


def mistakes_in(files: Mapping[str, bytes]) -> tuple[Diagnostic, ...] | None:
    """Give what keeps *files* from loading; None where they load."""
    try:
        load_directory(files)
    except InvalidWorld as invalid:
        return invalid.diagnostics
    return None


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """Draw *value* with something odd in place of one of its parts; `kind` stays a word."""
    if isinstance(value, dict) and value and draw(st.integers(0, 5)):
        name = draw(st.sampled_from(sorted(value)))
        inner = draw(st.text(max_size=9)) if name == "kind" else draw(changed(value[name]))
        return {**value, name: inner}
    if isinstance(value, list) and value and draw(st.integers(0, 5)):
        index = draw(st.integers(0, len(value) - 1))
        return [*value[:index], draw(changed(value[index])), *value[index + 1 :]]
    return draw(odd)


@given(st.sampled_from(FILES), st.data())
def test_odd_members(name: str, data: st.DataObject) -> None:
    """A document with anything at all for a member loads, or says what is wrong and where."""
    documents = data.draw(changed(PARSED[name]))
    files = sound()
    files[ROOT + name] = yaml.safe_dump_all(
        documents if isinstance(documents, list) else [documents]
    ).encode()
    mistakes = mistakes_in(files)

    event("loads" if mistakes is None else "refused")
    assert mistakes != ()
    for mistake in mistakes or ():
        assert mistake.message
        assert mistake.position.line >= 1


@given(st.sampled_from(FILES), st.integers(0, 600), st.integers(0, 12), st.binary(max_size=6))
def test_odd_bytes(name: str, start: int, length: int, piece: bytes) -> None:
    """A file with bytes exchanged loads, or says what is wrong and where."""
    files = sound()
    text = files[ROOT + name]
    files[ROOT + name] = text[:start] + piece + text[start + length :]

    assert mistakes_in(files) != ()


@given(
    st.one_of(st.text(max_size=40), st.binary(max_size=30).map(lambda raw: raw.decode("latin-1")))
)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Any text at all is YAML of one reading, or refused."""
    try:
        sources = read_documents("directory/global/x.yaml", text.encode())
    except InvalidWorld:
        return

    assert all(source.start.line >= 1 for source in sources)


PIECES = (
    "permit (principal, action, resource);",
    "forbid (principal, action, resource) when { true };",
    '@id("a;b") ',
    '@reason("// no comment") ',
    '"',
    "\\",
    "//",
    " // comment ; ",
    "\n",
    "\r",
    "\u2028",
    "\x0b",
    ";",
    " ",
    "{",
    "}",
    "é",
)


@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
def test_statements_are_the_engines(text: str) -> None:
    """Where the engine reads a text at all, it reads as many policies as we split off, one each."""
    try:
        found = json.loads(policies_to_json_str(text))
    except ValueError:
        event("the engine refuses it")
        return
    event("the engine reads it")
    statements = [*split_statements("f", text)]

    assert len(statements) == len(found["staticPolicies"]) + len(found["templates"])
    for statement in statements:
        assert read_source(statement, "").effect in {"permit", "forbid"}


@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
def test_no_statement_hides_another(text: str) -> None:
    """What is accepted statement by statement is accepted whole, with nothing between the lines."""
    statements = [*split_statements("f", text)]
    try:
        sources = [read_source(statement, "") for statement in statements]
    except NotOnePolicy:
        return

    assert len(json.loads(policies_to_json_str(text))["staticPolicies"]) == len(sources)
