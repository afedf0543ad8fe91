"""Our gRPC addresses, and the wall around each: only declared Envoys are believed.

A Unix socket in a directory that only Envoy's group can enter, mTLS from a
listed identity, or a port whose callers a mesh restricts, declared in so many
words. Anything wider does not start.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Set
from pathlib import Path
from typing import IO, assert_never

import grpc

from authz.directory.listening import Listener, MeshRestricted, MutualTLS, UnixSocket
from authz.model.spiffe import NotSpiffe, SpiffeId
from authz.server.certificates import Certificates, CertificateUnusable

PEER_SPIFFE_ID = "peer_spiffe_id"
OTHERS = stat.S_IRWXO
MAX_SOCKET_PATH = 107
"""Bytes, as the kernel has it."""


class CannotListen(Exception):
    """A listener that must not, or cannot, be opened; the message says what to do."""


def bind(
    server: grpc.Server, listener: Listener, home: Path, certificates: Certificates | None = None
) -> IO[str] | None:
    """
    Bind *listener* to *server*; one with TLS has *certificates*.

    Returns:
        The lock that holds a socket for this process while it is open; None for TCP.

    Raises:
        CannotListen: the place is open to others, taken, or a file is missing.
    """
    try:
        match listener.address:
            case UnixSocket(path):
                return _bind_socket(server, home / path)
            case MutualTLS() as address:
                if certificates is None:
                    raise CannotListen(f"listener {listener.name}: there is no certificate")
                where, how = f"{address.host}:{address.port}", certificates.credentials()
                _bound(server.add_secure_port(where, how))
            case MeshRestricted() as address:
                _bound(server.add_insecure_port(f"{address.host}:{address.port}"))
            case other:
                assert_never(other)
    except (OSError, RuntimeError) as error:
        raise CannotListen(f"listener {listener.name}: {error}") from error
    return None


def open_certificates(listener: Listener, home: Path) -> Certificates | None:
    """
    Read the certificate of *listener*; None where it needs none.

    Raises:
        CannotListen: it cannot be used.
    """
    if not isinstance(listener.address, MutualTLS):
        return None
    try:
        return Certificates(listener.address, home)
    except CertificateUnusable as error:
        raise CannotListen(f"listener {listener.name}: {error}") from error


def admits(listener: Listener, context: grpc.ServicerContext) -> bool:
    """Say whether the peer of *context* may send Checks by *listener*."""
    match listener.address:
        case UnixSocket() | MeshRestricted():
            return True
        case MutualTLS(callers=callers):
            return _is_listed(context.auth_context().get(PEER_SPIFFE_ID), callers)
        case other:
            assert_never(other)


def _is_listed(proven: object, callers: Set[SpiffeId]) -> bool:
    match proven:
        case [bytes(identity)]:
            return is_one_of(identity, callers)
    return False


def is_one_of(identity: bytes, callers: Set[SpiffeId]) -> bool:
    """Say whether *identity* is, as a whole, the SPIFFE ID of one of *callers*."""
    try:
        return SpiffeId.parse(identity.decode("ascii")) in callers
    except (NotSpiffe, UnicodeDecodeError):
        return False


def _bind_socket(server: grpc.Server, path: Path) -> IO[str]:
    lock = claim_socket(path)
    try:
        _bound(server.add_insecure_port(f"unix:{path.absolute()}"))
        path.chmod(0o660)
    except BaseException:
        lock.close()
        raise
    return lock


def claim_socket(path: Path) -> IO[str]:
    """
    Make the place of a socket ours, in a folder that nobody else can reach.

    Returns:
        The lock that keeps other processes away while it is open.

    Raises:
        CannotListen: the place is open to others, or taken.
        OSError: it cannot be looked at.
    """
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    if len(os.fsencode(path.absolute())) > MAX_SOCKET_PATH:
        raise CannotListen(f"{path}: a socket's path has at most {MAX_SOCKET_PATH} bytes")
    _check_folder(path.parent)
    return take_over(path)


def _check_folder(folder: Path) -> None:
    """Check that nobody but Envoy's group enters *folder*, and that nobody can move it away."""
    status = folder.stat()
    mode = stat.S_IMODE(status.st_mode)
    if mode & OTHERS:
        raise CannotListen(
            f"{folder}: mode {mode:o} lets everybody reach the socket, and whoever reaches it"
            f" is given tokens; use `chmod {mode & ~OTHERS:o} {folder}`"
        )
    if status.st_uid not in (0, os.geteuid()):
        raise CannotListen(f"{folder}: belongs to another user (uid {status.st_uid})")
    for above in folder.absolute().parents:
        mode = above.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise CannotListen(
                f"{above}: everybody may rename what is in it, the socket's folder too;"
                f" use `chmod o-w {above}`"
            )


def take_over(path: Path) -> IO[str]:
    """Lock the socket's place: binding would take a living socket away from its server."""
    name = path.with_name(f"{path.name}.lock")
    lock = os.fdopen(os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise CannotListen(f"{path}: another process serves this socket") from None
    if path.exists() and not stat.S_ISSOCK(os.lstat(path).st_mode):
        lock.close()
        raise CannotListen(f"{path}: there is a file that is no socket; move it away")
    return lock


def _bound(port: int) -> None:
    if port == 0:
        raise CannotListen("the address cannot be bound")
