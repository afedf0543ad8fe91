"""A folder's texts to a compiled directory, or to everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from authz.directory.compile import Compiler
from authz.directory.compiled import Directory
from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position, Severity, under
from authz.directory.gate_documents import GateSpec
from authz.directory.issuers import issuer_mistakes
from authz.directory.listeners import listener_mistakes
from authz.directory.parse import Document, Outline, outline, parse
from authz.directory.progress import Progress, Stage, count, untold
from authz.directory.reader import Source, read_documents
from authz.directory.references import Known, reference_mistakes
from authz.directory.route_mistakes import route_mistakes
from authz.directory.rules import Rule
from authz.directory.uris import uri_mistakes
from authz.directory.walls import (
    GLOBAL,
    audience_mistakes,
    cell_mistakes,
    folder_mistake,
    place_mistakes,
    sole_owner_mistakes,
    trust_domain_mistakes,
    whole_host_mistakes,
)

DOCUMENTS = (".yaml", ".yml")
GATE = "Gate"
BESIDE = (".json", ".md")
"""Read where a document refers to them (`.json`), or written for people (`.md`)."""


def load_directory(
    files: Mapping[str, bytes], tell: Progress = untold
) -> tuple[Directory, tuple[Diagnostic, ...]]:
    """
    Load a directory.

    Args:
        files: Texts by their path with slashes, such as `directory/global/gate.yaml`.
        tell: Is told how far it is.

    Returns:
        The compiled directory, and warnings.

    Raises:
        InvalidWorld: as `load_documents` and `compile_directory`.
    """
    return compile_directory(load_documents(files, tell), files)


def load_documents(files: Mapping[str, bytes], tell: Progress = untold) -> tuple[Document, ...]:
    """
    Give the documents of *files*, where none has a mistake.

    Raises:
        InvalidWorld: with every mistake of every file. What documents say about
            each other is checked too, for those that are sound; it is left out
            only where nobody knows what is declared: a file is not YAML, a
            document does not say what it is, or lies where it cannot be.
    """
    mistakes = [mistake for file in sorted(files) for mistake in _file_mistakes(file)]
    texts = {file: text for file, text in sorted(files.items()) if file.endswith(DOCUMENTS)}
    sources, unread = _read(texts, mistakes, tell)
    documents, outlines = _parse(sources, mistakes)
    broken = [row for row in outlines if row is not None]
    misplaced = [mistake for document in documents for mistake in place_mistakes(document)]
    mistakes.extend(misplaced)
    if not unread and not misplaced and len(broken) == len(outlines):
        mistakes.extend(_between(documents, broken))
    if mistakes:
        raise InvalidWorld(mistakes)
    return tuple(documents)


def compile_directory(
    documents: Sequence[Document], files: Mapping[str, bytes]
) -> tuple[Directory, tuple[Diagnostic, ...]]:
    """
    Compile documents without mistakes, and what they refer to in *files*.

    Raises:
        InvalidWorld: with every mistake in what they refer to, and the warnings.
    """
    compiler = Compiler(documents, files)
    directory = compiler.directory()
    if any(note.severity is Severity.ERROR for note in compiler.notes):
        raise InvalidWorld(compiler.notes)
    return directory, tuple(sorted(compiler.notes, key=lambda note: note.position))


@dataclass(frozen=True, slots=True)
class OwnPlaces:
    """What a Gate says of our own files, before anything else of a world is read."""

    keys_folder: str
    records_file: str


def own_places(files: Mapping[str, bytes]) -> OwnPlaces | None:
    """Give what the one sound Gate of *files* says; None where there is none, or are several."""
    texts = (
        (file, text)
        for file, text in files.items()
        if file.startswith(GLOBAL) and file.endswith(DOCUMENTS) and GATE.encode() in text
    )
    try:
        found = [parse(row) for file, text in texts for row in read_documents(file, text)]
    except InvalidWorld:
        return None
    gates = [row.spec for row in found if isinstance(row.spec, GateSpec)]
    if len(gates) != 1:
        return None
    return OwnPlaces(gates[0].issuer.keys.folder, gates[0].records.file)


def _file_mistakes(file: str) -> Iterator[Diagnostic]:
    if file.endswith(BESIDE):
        return
    if not file.endswith(DOCUMENTS):
        hint = "documents end in .yaml, the schemas that they refer to in .json"
        yield Diagnostic(
            Position(file), "a file of this kind is not read", hint, rule=Rule.WORLD_FILES
        )
    elif (mistake := folder_mistake(file)) is not None:
        yield mistake


def _read(
    texts: Mapping[str, bytes], mistakes: list[Diagnostic], tell: Progress
) -> tuple[list[Source], list[str]]:
    """Give the documents of all files, and the files that could not be read."""
    sources: list[Source] = []
    unread: list[str] = []
    for file, text in count(Stage.DIRECTORY, [*texts.items()], tell):
        try:
            sources.extend(read_documents(file, text))
        except InvalidWorld as error:
            mistakes.extend(under(Rule.YAML, error.diagnostics))
            unread.append(file)
    return sources, unread


def _parse(
    sources: Iterable[Source], mistakes: list[Diagnostic]
) -> tuple[list[Document], list[Outline | None]]:
    """Give the sound documents, and what the others are called, where they say so."""
    documents: list[Document] = []
    broken: list[Outline | None] = []
    for source in sources:
        try:
            documents.append(parse(source))
        except InvalidWorld as error:
            mistakes.extend(under(Rule.DOCUMENT, error.diagnostics))
            broken.append(outline(source))
    return documents, broken


def _between(documents: Sequence[Document], broken: Sequence[Outline]) -> Iterator[Diagnostic]:
    """Check what sound documents say about each other and about the broken ones."""
    known = Known.of(documents, broken)
    yield from sole_owner_mistakes(documents)
    yield from whole_host_mistakes(documents)
    yield from audience_mistakes(documents)
    yield from cell_mistakes(documents, known)
    yield from issuer_mistakes(documents)
    yield from uri_mistakes(documents)
    gates = [(row, row.spec) for row in documents if isinstance(row.spec, GateSpec)]
    if not gates and not any(row.kind == GATE for row in broken):
        yield Diagnostic(Position("directory/global"), "no document declares the Gate")
    for document, gate in gates:
        yield from listener_mistakes(gate, document, known.issuers)
        yield from trust_domain_mistakes(documents, gate)
    for document in documents:
        yield from reference_mistakes(document, known)
        yield from route_mistakes(document)
