"""A directory that was checked before, whose agents are read when somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from authz.directory.compile import Compiler
from authz.directory.compiled import Agent, Directory
from authz.directory.documents import CellSpec
from authz.directory.index import Indexed, index_of
from authz.directory.issuer_documents import IssuerSpec
from authz.directory.parse import Document, parse
from authz.directory.reader import decoded, read_documents
from authz.model.memo import Memo
from authz.model.spiffe import SpiffeId

Key = TypeVar("Key")

MOST_AGENTS = 10_000
"""Half of those that are kept; each takes some 3 KB."""


class IndexMismatch(Exception):
    """A document is not what the index says: one of the two is not what was checked."""


def load_indexed(
    files: Mapping[str, bytes], index: Sequence[Indexed]
) -> tuple[Directory, tuple[Document, ...]]:
    """
    Load a directory that was checked before.

    Args:
        files: The same texts, to the byte, that *index* was made of.
        index: All documents.

    Returns:
        The directory, and those of its documents that are read now.

    Raises:
        IndexMismatch: they are not the same.
    """
    texts = {file: decoded(file, files[file]) for file in {row.file for row in index}}
    read = tuple(_document(row, texts) for row in index if not row.waits)
    directory = Compiler(read, files).directory()
    waiting = [row for row in index if row.waits]
    agents = Agents(waiting, texts, read, directory.agents)
    by_spiffe = {SpiffeId.parse(text): row.name for row in waiting for text in row.spiffe_ids}
    by_client = {client: row.name for row in waiting for client in row.clients}
    now = directory.agents.values()
    by_spiffe |= {spiffe: agent.name for agent in now for spiffe in agent.spiffe_ids}
    by_client |= {client: agent.name for agent in now for client in agent.clients}
    namespaces = {row.name.partition("/")[0] for row in waiting}
    return (
        replace(
            directory,
            agents=agents,
            agents_by_spiffe=AgentsBy(by_spiffe, agents),
            agents_by_client=AgentsBy(by_client, agents),
            namespaces=directory.namespaces | namespaces,
        ),
        read,
    )


class Agents(Mapping[str, Agent]):
    """All agents by qualified name, each read when it is first asked for."""

    def __init__(
        self,
        waiting: Iterable[Indexed],
        texts: Mapping[str, str],
        read: Iterable[Document],
        now: Mapping[str, Agent],
    ) -> None:
        """
        Read none.

        Args:
            waiting: Those that are read later.
            texts: The files that they stand in.
            read: All other documents.
            now: The agents among these.
        """
        self._waiting = {row.name: row for row in waiting}
        self._texts = {row.file: texts[row.file] for row in self._waiting.values()}
        documents = list(read)
        self._issuers = [row for row in documents if isinstance(row.spec, IssuerSpec)]
        self._cells = {row.name: row for row in documents if isinstance(row.spec, CellSpec)}
        self._now = now
        self.read = Memo[str, Agent]("agents", MOST_AGENTS)
        """By name. The world's files do not change, so neither does what is read in them."""

    def __getitem__(self, name: str) -> Agent:
        agent = self._now.get(name) or self.read.find(name)
        return agent or self.read.keep(name, self._read(self._waiting[name]))

    def __contains__(self, name: object) -> bool:
        return name in self._waiting or name in self._now

    def __iter__(self) -> Iterator[str]:
        yield from self._now
        yield from self._waiting

    def __len__(self) -> int:
        return len(self._now) + len(self._waiting)

    def _read(self, row: Indexed) -> Agent:
        """Read one agent, beside all that says something about it: its Cell, and the issuers."""
        document = _document(row, self._texts)
        cell = self._cells.get(document.namespace or "")
        around = [*self._issuers, *([cell] if cell else [])]
        return Compiler([document, *around], {}).agents()[row.name]


class AgentsBy(Mapping[Key, Agent]):
    """Agents by one kind of their identities."""

    def __init__(self, names: Mapping[Key, str], agents: Mapping[str, Agent]) -> None:
        """Find the agent in *agents* whose name *names* gives."""
        self._names = names
        self._agents = agents

    def __getitem__(self, key: Key) -> Agent:
        return self._agents[self._names[key]]

    def __contains__(self, key: object) -> bool:
        return key in self._names

    def __iter__(self) -> Iterator[Key]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _document(row: Indexed, texts: Mapping[str, str]) -> Document:
    """
    Read the document that *row* is about.

    Raises:
        IndexMismatch: it is another one.
    """
    text = texts[row.file][row.start : row.end]
    documents = [parse(each) for each in read_documents(row.file, text, row.line)]
    if len(documents) != 1 or not _is_as_indexed(documents[0], row):
        raise IndexMismatch(f"{row.file}: {row.kind} {row.name} is not what was checked")
    return documents[0]


def _is_as_indexed(document: Document, row: Indexed) -> bool:
    """Say whether *row* says of *document* what it says itself, its span aside."""
    (found,) = index_of([document])
    return found == replace(row, line=found.line, start=found.start, end=found.end)
