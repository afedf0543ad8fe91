"""`directory.waiting`: agents that are read late are those that would be read at once."""

from __future__ import annotations

import pytest

from authz.directory.compiled import Directory
from authz.directory.index import Indexed, index_of
from authz.directory.load import compile_directory, load_documents
from authz.directory.reader import decoded, read_documents
from authz.directory.waiting import IndexMismatch, load_indexed
from authz.sources.folder import read_folders
from tests.support.values import replace
from tests.support.worlds import WORLD

(FILES,) = read_folders(WORLD, ("directory",))
DOCUMENTS = load_documents(FILES)
INDEX = index_of(DOCUMENTS)
AT_ONCE, _ = compile_directory(DOCUMENTS, FILES)
LATE, READ = load_indexed(FILES, INDEX)
WAITING = [row for row in INDEX if row.waits]


def test_the_same() -> None:
    """All that a decision can look up is the same."""
    assert {row.name for row in WAITING} < set(AT_ONCE.agents)
    for name in ("agents", "agents_by_spiffe", "agents_by_client"):
        assert dict(getattr(LATE, name)) == getattr(AT_ONCE, name), name
        assert len(getattr(LATE, name)) == len(getattr(AT_ONCE, name)), name
    others: dict[str, object] = {"agents": {}, "agents_by_spiffe": {}, "agents_by_client": {}}
    assert replace(LATE, **others) == replace(AT_ONCE, **others)


def test_nobody_is_read_before() -> None:
    """An agent is read when it is asked for, once, and not to know that it is there."""
    directory, read = load_indexed(FILES, INDEX)
    agents, row = directory.agents, WAITING[0]

    assert row.name in agents
    assert "research/nobody" not in agents
    assert row.name not in {document.qualified for document in read}
    assert (
        directory.agents_by_spiffe.get(next(iter(AT_ONCE.agents[row.name].spiffe_ids)))
        is agents[row.name]
    )


def test_places() -> None:
    """What is read now stands where it stood: mistakes that a restart would mend are told there."""
    at_once = {row.qualified: row.at() for row in DOCUMENTS}

    assert READ
    assert {row.qualified: row.at() for row in READ}.items() <= at_once.items()


FOREIGN: dict[str, dict[str, object]] = {
    "another name": {"name": "research/somebody"},
    "another identity": {"spiffe_ids": ("spiffe://example.org/ns/research/sa/somebody",)},
    "an identity more": {"clients": (("corp", "somebody"),)},
    "another kind": {"kind": "Cell"},
    "its end": {"start": WAITING[0].start + 1},
    "nothing": {"start": WAITING[0].end},
}


@pytest.mark.parametrize("changed", FOREIGN.values(), ids=FOREIGN)
def test_an_index_of_something_else(changed: dict[str, object]) -> None:
    """An agent that is not whom the index said it is does not act."""
    row = replace(WAITING[0], **changed)
    directory = loaded(row, *(each for each in INDEX if each != WAITING[0]))

    with pytest.raises(Exception) as refused:
        directory.agents[row.name]
    assert not isinstance(refused.value, KeyError)


def loaded(*index: Indexed) -> Directory:
    """Load the worked world by another index."""
    return load_indexed(FILES, index)[0]


def test_two_in_one() -> None:
    """Of two documents in one span none is taken."""
    first, second = [row for row in WAITING if row.file.endswith("research/agents.yaml")][:2]
    directory = loaded(replace(first, end=second.end), *(row for row in INDEX if row != first))

    with pytest.raises(IndexMismatch):
        directory.agents[first.name]


ONE = "kind: Röle\nspec:\n  a: [1]\n"
TEXTS = {
    "marked": f"---\n{ONE}---\n{ONE}",
    "bare first": f"{ONE}---\n{ONE}",
    "ended": f"{ONE}...\n---\n{ONE}...\n",
    "remarks": f"# ä\n\n{ONE}# ü\n---\n# ö\n{ONE}# end\n",
    "directives": f"%YAML 1.1\n---\n{ONE}...\n%YAML 1.1\n---\n{ONE}",
    "a byte order mark": f"\ufeff{ONE}---\n{ONE}",
    "lines of other systems": f"{ONE}---\n{ONE}".replace("\n", "\r\n"),
    "lines of old": f"{ONE}---\n{ONE}".replace("\n", "\r"),
    "indented": "  kind: a\n  spec: {x: 1}\n---\n  kind: b\n  spec: 2\n",
    "on the line of the mark": "--- {kind: a}\n--- {kind: b}\n",
    "far planes": "kind: 😀\n---\nkind: 😀😀\n---\nkind: c\n",
    "next line": "kind: 'a\u0085b\u2028c'\n---\nkind: b\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_span_says_the_same(text: str) -> None:
    """A document that is read alone says what it said among others, at the same place."""
    whole = read_documents("x.yaml", text.encode())
    characters = decoded("x.yaml", text.encode())

    assert len(whole) > 1
    for source in whole:
        span = source.span
        (alone,) = read_documents("x.yaml", characters[span.start : span.end], span.line)
        assert alone.value == source.value
        assert alone.at("kind") == source.at("kind")
