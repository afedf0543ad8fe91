"""What is declared in a world's folder, read once and whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from authz.directory.compiled import Directory, KeyFile
from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position
from authz.directory.gate_documents import GateSpec
from authz.directory.index import Indexed, index_of
from authz.directory.load import compile_directory, load_directory, load_documents
from authz.directory.parse import Document
from authz.directory.progress import Progress, untold
from authz.directory.rules import Rule
from authz.directory.waiting import IndexMismatch, load_indexed
from authz.identity.keys import NEVER_FETCHED, IssuerKeys, KeySet, lasting, read_key_set
from authz.policy.compiled import Policies
from authz.policy.load import load_policies, load_validated
from authz.sources.folder import read_file, read_folders
from authz.world import World

FOLDERS = ("directory", "policies")
VERSION_DIGITS = 16
"""Of the digest; the version names a world, it does not prove it."""


@dataclass(frozen=True, slots=True)
class Vetted:
    """What was found to load, and all that whoever loads it again need not find out again."""

    folders: str
    """Digest of `directory/` and `policies/`: nothing else is loaded in their place."""

    all: str
    """Digest of these and the key files that issuers name."""

    index: tuple[Indexed, ...]
    """The documents of `directory/`."""

    quarantined: Mapping[str, str]
    """As `Policies` have it."""

    warnings: tuple[Diagnostic, ...]


class ChangedMeanwhile(Exception):
    """The files are not those that were vetted; to be vetted again."""

    def __str__(self) -> str:
        return "the files change while they are read"


@dataclass(frozen=True, slots=True)
class Declared:
    """A folder that loads: everything of a world but our own keys."""

    version: str
    directory: Directory
    policies: Policies
    issuer_keys: Mapping[str, IssuerKeys]
    """Of issuers whose keys are fetched, none yet."""

    gate: Document
    """The Gate as it is written, with places."""

    vetted: Vetted
    """What exactly was read, with the warnings."""

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What is not wrong, and should be looked at."""
        return self.vetted.warnings

    def world(self, own_keys: KeySet) -> World:
        """Complete the snapshot with the keys that we publish."""
        return World(self.version, self.directory, self.policies, self.issuer_keys, own_keys)


@dataclass(frozen=True, slots=True)
class Documents:
    """A directory that loads."""

    directory: Directory
    documents: tuple[Document, ...]
    """As they are written, with their places."""

    warnings: tuple[Diagnostic, ...]


def read_documents(home: Path, tell: Progress = untold) -> Documents:
    """
    Read `directory/` of *home* alone, and check the keys that issuers name.

    Raises:
        InvalidWorld: with every mistake of the directory, or, once that is
            sound, with every mistake of the keys.
    """
    (files,) = read_folders(home, ("directory",))
    documents = load_documents(files, tell)
    directory, warnings = compile_directory(documents, files)
    mistakes: list[Diagnostic] = []
    _read_issuer_keys(home, directory, _read_key_files(home, directory, mistakes), mistakes)
    if mistakes:
        raise InvalidWorld([*mistakes, *warnings])
    return Documents(directory, documents, warnings)


def read_policies(
    home: Path, tell: Progress = untold
) -> tuple[Directory, Policies, tuple[Diagnostic, ...]]:
    """
    Read `policies/` of *home*, and `directory/` for what policies can name.

    Returns:
        The directory, the policies, and the warnings of policies.

    Raises:
        InvalidWorld: with every mistake of the directory, or, once that is
            sound, with every mistake of policies.
    """
    documents, statements = read_folders(home, FOLDERS)
    directory, _ = load_directory(documents, tell)
    policies, warnings = load_policies(statements, directory, tell)
    return directory, policies, warnings


@dataclass(frozen=True, slots=True)
class Texts:
    """The files of a world's folders at one moment, by their path from its home."""

    directory: Mapping[str, bytes]
    policies: Mapping[str, bytes]
    folders: str
    """Their digest."""

    @property
    def size(self) -> int:
        """Of all together, in bytes."""
        return sum(len(text) for part in (self.directory, self.policies) for text in part.values())


def read_texts(home: Path) -> Texts:
    """
    Read `directory/` and `policies/` of *home*; parses nothing.

    Raises:
        InvalidWorld: as `read_folders`.
    """
    files, statements = read_folders(home, FOLDERS)
    return Texts(files, statements, _digest([files, statements]))


def read_declared(home: Path) -> Declared:
    """
    Read and check `directory/` and `policies/` of *home*, and the keys that issuers name.

    Paths in documents are relative to *home*.

    Raises:
        InvalidWorld: with every mistake of the directory, or, once that is
            sound, with every mistake of policies and keys.
    """
    return check_texts(home, read_texts(home))


def check_texts(home: Path, read: Texts) -> Declared:
    """Do as `read_declared`, with what was read of *home*."""
    files, statements = read.directory, read.policies
    documents = load_documents(files)
    directory, warnings = compile_directory(documents, files)
    mistakes: list[Diagnostic] = []
    texts = _read_key_files(home, directory, mistakes)
    keys = _read_issuer_keys(home, directory, texts, mistakes)
    policies = None
    try:
        policies, notes = load_policies(statements, directory)
    except InvalidWorld as error:
        mistakes.extend(error.diagnostics)
    if mistakes or policies is None:
        raise InvalidWorld([*mistakes, *warnings])
    vetted = Vetted(
        folders=read.folders,
        all=_digest([files, statements, texts]),
        index=index_of(documents),
        quarantined=policies.quarantined,
        warnings=(*warnings, *notes),
    )
    return _declared(directory, policies, keys, documents, vetted)


def read_vetted(home: Path, vetted: Vetted) -> Declared:
    """
    Read what was found to load, and parse nothing of anything else.

    Raises:
        InvalidWorld: as `read_folders`.
        ChangedMeanwhile: it is not what was vetted.
    """
    return load_texts(home, read_texts(home), vetted)


def load_texts(home: Path, read: Texts, vetted: Vetted) -> Declared:
    """
    Load what was read of *home*, where it is what was found to load.

    Agents are read when somebody asks for them, and checks that span documents or
    policies are not made again: that was done to these very bytes.

    Raises:
        ChangedMeanwhile: it is not, or the key files are not.
    """
    files, statements = read.directory, read.policies
    if read.folders != vetted.folders:
        raise ChangedMeanwhile
    try:
        directory, documents = load_indexed(files, vetted.index)
    except IndexMismatch:
        raise ChangedMeanwhile from None
    mistakes: list[Diagnostic] = []
    texts = _read_key_files(home, directory, mistakes)
    if _digest([files, statements, texts]) != vetted.all:
        raise ChangedMeanwhile
    keys = _read_issuer_keys(home, directory, texts, mistakes)
    if mistakes:
        raise ChangedMeanwhile
    policies = load_validated(statements, directory, vetted.quarantined)
    return _declared(directory, policies, keys, documents, vetted)


def _declared(
    directory: Directory,
    policies: Policies,
    keys: Mapping[str, IssuerKeys],
    documents: Iterable[Document],
    vetted: Vetted,
) -> Declared:
    (gate,) = (row for row in documents if isinstance(row.spec, GateSpec))
    return Declared(vetted.all[:VERSION_DIGITS], directory, policies, keys, gate, vetted)


def is_as_read(home: Path, declared: Declared) -> bool:
    """
    Say whether the files of *home* are those that *declared* was read from; parses nothing.

    Raises:
        InvalidWorld: as `read_folders`.
    """
    files, statements = read_folders(home, FOLDERS)
    mistakes: list[Diagnostic] = []
    texts = _read_key_files(home, declared.directory, mistakes)
    return not mistakes and _digest([files, statements, texts]) == declared.vetted.all


def key_files(directory: Directory) -> dict[str, str]:
    """Give the files with keys by Issuer name, as documents write them."""
    issuers = directory.issuers.items()
    return {name: each.keys.path for name, each in issuers if isinstance(each.keys, KeyFile)}


def _read_key_files(
    home: Path, directory: Directory, mistakes: list[Diagnostic]
) -> dict[str, bytes]:
    texts: dict[str, bytes] = {}
    for name, file in key_files(directory).items():
        try:
            texts[name] = read_file(home / file)
        except OSError as error:
            mistakes.append(_key_mistake(name, file, f"cannot be read: {error.strerror}", home))
        except ValueError as error:
            mistakes.append(_key_mistake(name, file, str(error), home))
    return texts


def _read_issuer_keys(
    home: Path, directory: Directory, texts: Mapping[str, bytes], mistakes: list[Diagnostic]
) -> dict[str, IssuerKeys]:
    keys = dict.fromkeys(directory.issuers, NEVER_FETCHED)
    files = key_files(directory)
    for name, text in texts.items():
        try:
            keys[name] = lasting(read_key_set(text))
        except ValueError as error:
            mistakes.append(_key_mistake(name, files[name], str(error), home))
    return keys


def _key_mistake(issuer: str, file: str, what: str, home: Path) -> Diagnostic:
    message = f"the keys of Issuer {issuer}: {what}"
    return Diagnostic(Position(file), message, f"looked for {home / file}", rule=Rule.ISSUER_KEYS)


def _digest(parts: list[Mapping[str, bytes]]) -> str:
    """Give one digest over all names and contents, the same on every replica."""
    digest = hashlib.sha256()
    for part in parts:
        for name, content in sorted(part.items()):
            for piece in (name.encode("utf-8"), content):
                digest.update(len(piece).to_bytes(8, "big"))
                digest.update(piece)
    return digest.hexdigest()
