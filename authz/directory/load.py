"""A folder's texts to a compiled directory, or to everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from authz.directory.compile import Compiler
from authz.directory.compiled import Directory
from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position, Severity
from authz.directory.documents import GateSpec
from authz.directory.listeners import listener_mistakes
from authz.directory.parse import Document, parse
from authz.directory.reader import read_documents
from authz.directory.references import Known, reference_mistakes
from authz.directory.walls import (
    cell_mistakes,
    folder_mistake,
    place_mistakes,
    sole_owner_mistakes,
)

DOCUMENTS = (".yaml", ".yml")
BESIDE = (".json", ".md")
"""Read where a document refers to them (`.json`), or written for people (`.md`)."""


def load(files: Mapping[str, bytes]) -> tuple[Directory, tuple[Diagnostic, ...]]:
    """
    Load a directory.

    Args:
        files: Texts by their path with slashes, such as `directory/global/gate.yaml`.

    Returns:
        The compiled directory, and warnings.

    Raises:
        InvalidWorld: with every mistake of every file that could be read; what
            documents say about each other is checked once each is sound.
    """
    mistakes: list[Diagnostic] = []
    documents: list[Document] = []
    for file, text in sorted(files.items()):
        mistakes.extend(_file_mistakes(file))
        if file.endswith(DOCUMENTS):
            _read(file, text, documents, mistakes)
    mistakes.extend(mistake for document in documents for mistake in place_mistakes(document))
    gates = [row for row in documents if isinstance(row.spec, GateSpec)]
    if not gates and not mistakes:
        mistakes.append(Diagnostic(Position("directory/global"), "no document is the Gate"))
    if mistakes:
        raise InvalidWorld(mistakes)
    mistakes.extend(_between(documents, gates))
    if mistakes:
        raise InvalidWorld(mistakes)
    compiler = Compiler(documents, files)
    directory = compiler.directory()
    if any(note.severity is Severity.ERROR for note in compiler.notes):
        raise InvalidWorld(compiler.notes)
    return directory, tuple(sorted(compiler.notes, key=lambda note: note.position))


def _file_mistakes(file: str) -> Iterator[Diagnostic]:
    if file.endswith(BESIDE):
        return
    if not file.endswith(DOCUMENTS):
        hint = "documents end in .yaml, the schemas that they refer to in .json"
        yield Diagnostic(Position(file), "a file of this kind is not read", hint)
    elif (mistake := folder_mistake(file)) is not None:
        yield mistake


def _read(file: str, text: bytes, documents: list[Document], mistakes: list[Diagnostic]) -> None:
    try:
        sources = read_documents(file, text)
    except InvalidWorld as error:
        mistakes.extend(error.diagnostics)
        return
    for source in sources:
        try:
            documents.append(parse(source))
        except InvalidWorld as error:
            mistakes.extend(error.diagnostics)


def _between(documents: Sequence[Document], gates: Sequence[Document]) -> Iterator[Diagnostic]:
    """Check what documents say about each other."""
    known = Known.of(documents)
    yield from sole_owner_mistakes(documents)
    for gate in gates:
        assert isinstance(gate.spec, GateSpec)  # noqa: S101 - selected by it
        yield from listener_mistakes(gate.spec, gate)
        yield from cell_mistakes(documents, gate.spec)
    for document in documents:
        yield from reference_mistakes(document, known)
