"""Our own signing keys: a folder of private keys that only the service can read.

Every `*.pem` in the folder that is not hidden is a key. The name without its suffix is the key id,
and says when the key signs (`tokens.schedule`), so replicas that share the folder agree. The first
start makes the first key.
"""

from __future__ import annotations

import base64
import fcntl
import os
import stat
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from authz.identity.keys import MAX_KEYS, KeySet, read_key_set
from authz.model.instant import Instant
from authz.tokens.jwks import public_jwks
from authz.tokens.schedule import Schedule, name_of, schedule

WRITING, ANYTHING = 0o022, 0o077
"""Bits of a mode by which others than the owner could write, or do anything at all."""

KEY_FILES = "[!.]*.pem"
"""A name that begins with a dot is a draft, or somebody's backup."""


class KeysUnusable(Exception):
    """The folder of signing keys cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys of the folder that are good at one moment."""

    signing_id: str
    signing: ec.EllipticCurvePrivateKey
    public_jwks: bytes
    """What is published, as JSON text."""

    schedule: Schedule = field(default_factory=lambda: Schedule(()))
    """When each key of the folder signs."""

    @property
    def public(self) -> KeySet:
        """The published keys, for checking what was signed."""
        return read_key_set(self.public_jwks)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys of the folder, at least one, by key id."""

    keys: Mapping[str, ec.EllipticCurvePrivateKey]

    @property
    def schedule(self) -> Schedule:
        """When each of them signs."""
        return schedule(self.keys)

    def at(self, now: Instant) -> SigningKeys:
        """Give the keys that are good at *now*."""
        turns = self.schedule
        signing_id = turns.signing(now)
        public = {key_id: self.keys[key_id].public_key() for key_id in turns.published(now)}
        return SigningKeys(signing_id, self.keys[signing_id], public_jwks(public), turns)


def open_key_ring(folder: Path) -> KeyRing:
    """
    Read the keys of *folder*, making folder and first key where there are none.

    Raises:
        KeysUnusable: as `read_key_ring`.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_open_to_others(folder, WRITING)
        _make_first_key(folder)
    except OSError as error:
        raise KeysUnusable(f"{error.filename}: {error.strerror}") from error
    return read_key_ring(folder)


def read_key_ring(folder: Path) -> KeyRing:
    """
    Read the keys of *folder*.

    Raises:
        KeysUnusable: the folder or a key is open to others, or is no P-256
            key, or its name is no text; there is no key, or there are too many.
    """
    try:
        _refuse_open_to_others(folder, WRITING)
        keys = {path.stem: _read(path) for path in key_files(folder)}
    except OSError as error:
        raise KeysUnusable(f"{error.filename}: {error.strerror}") from error
    if not keys:
        raise KeysUnusable(f"{folder}: there is no key in it")
    if len(keys) > MAX_KEYS:
        raise KeysUnusable(f"{folder}: more than {MAX_KEYS} keys; move away what no longer signs")
    return KeyRing(keys)


def key_files(folder: Path) -> list[Path]:
    """
    Give the files of *folder* that are keys.

    Raises:
        OSError: it cannot be listed; `glob` would find nothing in silence.
    """
    with os.scandir(folder):
        return sorted(folder.glob(KEY_FILES))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from changing *folder* by this module's means; waits for them."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_first_key(folder: Path) -> None:
    """
    Make a key where there is none. Of several first starts one does, the others wait for it.

    Where there is one nothing is written: the folder may be a mounted secret.
    """
    if any(folder.glob(KEY_FILES)):
        return
    with locked(folder):
        if not any(folder.glob(KEY_FILES)):
            make_key(folder, Instant(int(time.time())))


def make_key(folder: Path, signs_from: Instant) -> str:
    """
    Make a key that signs from that moment.

    Returns:
        Its id.

    Raises:
        OSError: it cannot be written.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    made = name_of(signs_from, _fingerprint(key))
    draft = folder / f".{made}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / f"{made}.pem")
    return made


def _fingerprint(key: ec.EllipticCurvePrivateKey) -> str:
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public)
    return base64.b32encode(digest.finalize())[:8].decode("ascii").lower()


def _read(path: Path) -> ec.EllipticCurvePrivateKey:
    if not path.stem.isprintable():
        # It is the key id, and nobody could read a key set with it.
        raise KeysUnusable(f"{path.parent}: {path.name!a} is no name for a key; rename it")
    _refuse_open_to_others(path, ANYTHING)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeysUnusable(f"{path}: no private key in PEM without a password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise KeysUnusable(f"{path}: no P-256 key; tokens are signed with ES256")
    return key


def _refuse_open_to_others(path: Path, forbidden: int) -> None:
    status = path.stat()
    if status.st_uid not in (0, os.geteuid()):
        raise KeysUnusable(f"{path}: belongs to another user (uid {status.st_uid})")
    mode = status.st_mode & 0o777
    if mode & forbidden and not _is_mounted_secret(path, status):
        wanted = mode & ~forbidden
        raise KeysUnusable(
            f"{path}: mode {mode:o} lets others {'write' if forbidden == WRITING else 'read'} it;"
            f" use `chmod {wanted:o} {path}`"
        )


def _is_mounted_secret(path: Path, status: os.stat_result) -> bool:
    read_only = bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    return read_only and is_held_as_a_secret(status, {os.getegid(), *os.getgroups()})


def is_held_as_a_secret(status: os.stat_result, groups: Collection[int]) -> bool:
    """
    Say whether a file or folder of a read-only mount is held as Kubernetes holds a Secret's.

    A process that is not root can read a Secret by its pod's `fsGroup` alone: its files are root's,
    0440 and of that group, and its folder has a mode by which anybody could write. What keeps
    others out is the mount: it is read-only, and the container's own. So this is for read-only
    mounts, for what is root's and for groups of ours, and nothing of a file is for anybody else.
    """
    if status.st_uid != 0:
        return False
    if stat.S_ISDIR(status.st_mode):
        return True
    return status.st_gid in groups and not stat.S_IMODE(status.st_mode) & ~0o440
