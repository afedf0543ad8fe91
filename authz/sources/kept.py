"""The verdict of a validation, kept in a file for the next start.

Whoever could write one of his own would have a world load that nobody validated.
So it is sealed by our signing keys: who can make the seal can sign tokens anyway.
It says nothing of what is allowed, only that exactly these bytes were checked, by
exactly this program; of anything else it is as if it were not there.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import authz
from authz.directory.diagnostics import InvalidWorld
from authz.sources.declared import Vetted
from authz.sources.verdicts import NotVerdict, read_verdict, vetted_text

MOST_BYTES = 256 * 1024 * 1024
CHECKERS = ("cedarpy", "pydantic", "pydantic_core", "PyYAML")
"""Packages that a validation is done with, beside our own."""


class Seals(Protocol):
    """Tells what we wrote from what others did."""

    def seal(self, text: bytes) -> str:
        """Give the seal of *text*."""

    def holds(self, seal: str, text: bytes) -> bool:
        """Say whether *seal* is ours, for *text*."""


@dataclass(frozen=True, slots=True)
class KeptVerdict:
    """A file of ours, which may not be there yet."""

    file: Path
    seals: Seals

    def find(self, folders: str) -> Vetted | None:
        """
        Give what was found in the folders with this digest.

        Returns:
            None where it is not there, or not ours, or of other bytes or another
            program: then somebody validates.
        """
        try:
            with self.file.open("rb") as file:
                head, _, text = file.read(MOST_BYTES).partition(b"\n")
            said = json.loads(head)
            if said["by"] != program() or not self.seals.holds(said["seal"], _sealed(text)):
                return None
            vetted = read_verdict(text)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        except (NotVerdict, InvalidWorld):
            return None
        return vetted if vetted.folders == folders else None

    def keep(self, vetted: Vetted) -> None:
        """
        Keep *vetted* in place of what was there.

        Raises:
            OSError: it cannot be written.
        """
        text = vetted_text(vetted)
        head = {"by": program(), "seal": self.seals.seal(_sealed(text))}
        draft = self.file.with_name(f".{self.file.name}.{os.getpid()}")
        draft.write_bytes(json.dumps(head).encode("ascii") + b"\n" + text)
        draft.rename(self.file)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """
        Keep out other processes that would validate the same; waits for them.

        Raises:
            OSError: the folder cannot be written to.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.with_name(f".{self.file.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


@cache
def program() -> str:
    """Give a digest of this program: another one may have other rules."""
    digest = sha256()
    for name in CHECKERS:
        digest.update(f"{name} {version(name)}\n".encode())
    for path in sorted(Path(authz.__file__).parent.rglob("*.py")):
        digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _sealed(text: bytes) -> bytes:
    """Give what is sealed: the verdict, and by which program."""
    return program().encode("ascii") + b"\n" + text
