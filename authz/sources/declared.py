"""What is declared in a world's folder, read once and whole."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from authz.directory.compiled import Directory, KeyFile
from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position
from authz.directory.load import compile_directory, load_directory, load_documents
from authz.directory.parse import Document
from authz.identity.keys import NEVER_FETCHED, IssuerKeys, KeySet, lasting, read_key_set
from authz.policy.compiled import Policies
from authz.policy.load import load_policies
from authz.sources.folder import read_file, read_folders
from authz.world import World


@dataclass(frozen=True, slots=True)
class Declared:
    """A folder that loads: everything of a world but our own keys."""

    version: str
    directory: Directory
    policies: Policies
    issuer_keys: Mapping[str, IssuerKeys]
    """Of issuers whose keys are fetched, none yet."""

    warnings: tuple[Diagnostic, ...]

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


def read_documents(home: Path) -> Documents:
    """
    Read `directory/` of *home* alone, and check the keys that issuers name.

    Raises:
        InvalidWorld: with every mistake of the directory, or, once that is
            sound, with every mistake of the keys.
    """
    (files,) = read_folders(home, ("directory",))
    documents = load_documents(files)
    directory, warnings = compile_directory(documents, files)
    mistakes: list[Diagnostic] = []
    _read_issuer_keys(home, directory, mistakes)
    if mistakes:
        raise InvalidWorld([*mistakes, *warnings])
    return Documents(directory, documents, warnings)


def read_policies(home: Path) -> tuple[Directory, Policies, tuple[Diagnostic, ...]]:
    """
    Read `policies/` of *home*, and `directory/` for what policies can name.

    Returns:
        The directory, the policies, and the warnings of policies.

    Raises:
        InvalidWorld: with every mistake of the directory, or, once that is
            sound, with every mistake of policies.
    """
    documents, statements = read_folders(home, ("directory", "policies"))
    directory, _ = load_directory(documents)
    policies, warnings = load_policies(statements, directory)
    return directory, policies, warnings


def read_declared(home: Path) -> Declared:
    """
    Read `directory/` and `policies/` of *home*, and the keys that issuers name.

    Paths in documents are relative to *home*.

    Raises:
        InvalidWorld: with every mistake of the directory, or, once that is
            sound, with every mistake of policies and keys.
    """
    documents, statements = read_folders(home, ("directory", "policies"))
    directory, warnings = load_directory(documents)
    mistakes: list[Diagnostic] = []
    texts, keys = _read_issuer_keys(home, directory, mistakes)
    policies = None
    try:
        policies, notes = load_policies(statements, directory)
    except InvalidWorld as error:
        mistakes.extend(error.diagnostics)
    if mistakes or policies is None:
        raise InvalidWorld([*mistakes, *warnings])
    version = _digest([documents, statements, texts])
    return Declared(version, directory, policies, keys, (*warnings, *notes))


def _read_issuer_keys(
    home: Path, directory: Directory, mistakes: list[Diagnostic]
) -> tuple[dict[str, bytes], dict[str, IssuerKeys]]:
    texts: dict[str, bytes] = {}
    keys = dict.fromkeys(directory.issuers, NEVER_FETCHED)
    for name, issuer in directory.issuers.items():
        if not isinstance(issuer.keys, KeyFile):
            continue
        file = issuer.keys.path
        try:
            texts[name] = read_file(home / file)
            keys[name] = lasting(read_key_set(texts[name]))
        except OSError as error:
            mistakes.append(_key_mistake(name, file, f"cannot be read: {error.strerror}", home))
        except ValueError as error:
            mistakes.append(_key_mistake(name, file, str(error), home))
    return texts, keys


def _key_mistake(issuer: str, file: str, what: str, home: Path) -> Diagnostic:
    message = f"the keys of Issuer {issuer}: {what}"
    return Diagnostic(Position(file), message, f"looked for {home / file}")


def _digest(parts: list[Mapping[str, bytes]]) -> str:
    """Give one digest over all names and contents, the same on every replica."""
    digest = hashlib.sha256()
    for part in parts:
        for name, content in sorted(part.items()):
            for piece in (name.encode("utf-8"), content):
                digest.update(len(piece).to_bytes(8, "big"))
                digest.update(piece)
    return digest.hexdigest()[:16]
