"""Where each document of a directory stands, and what an agent is found by before it is read.

Whoever has read and checked a whole directory makes its index. With the index and
the same files, an agent that nobody asks for need not be read: of ten thousand
only a few ever act by one gate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from authz.directory.documents import AgentSpec
from authz.directory.parse import Document
from authz.directory.references import is_target

Client = tuple[str, str]
"""Name of an `Issuer`, and a client id."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """One document."""

    file: str
    line: int
    """Lines of the file before it."""

    start: int
    """Characters of the file before it."""

    end: int
    kind: str
    name: str
    """Qualified."""

    waits: bool = False
    """Whether it is read when somebody asks for it: an agent that is no target."""

    spiffe_ids: tuple[str, ...] = ()
    clients: tuple[Client, ...] = ()
    """Both only of one that waits."""


def index_of(documents: Iterable[Document]) -> tuple[Indexed, ...]:
    """Give the index of *documents*, which are all of a directory and without a mistake."""
    return tuple(map(_indexed, documents))


def _indexed(document: Document) -> Indexed:
    span, spec = document.source.span, document.spec
    where = (document.source.start.file, span.line, span.start, span.end)
    if not isinstance(spec, AgentSpec) or is_target(spec):
        return Indexed(*where, document.kind, document.qualified)
    clients = [each.client for each in spec.identities if each.client]
    return Indexed(
        *where,
        document.kind,
        document.qualified,
        waits=True,
        spiffe_ids=tuple(each.spiffe for each in spec.identities if each.spiffe),
        clients=tuple((each.issuer, each.id) for each in clients),
    )
