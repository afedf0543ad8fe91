"""Where each worker listens: a proxy keeps one connection for each address, so none is shared.

Worker 0 has the addresses that the `Gate` declares. Worker n has, for the socket
`out.sock`, `out.n.sock` beside it, and for the port p the port p + n.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import assert_never

from authz.directory.listeners import MAX_PORT
from authz.directory.listening import Listener, MeshRestricted, MutualTLS, UnixSocket

EVERYWHERE = frozenset({"0.0.0.0", "::", "[::]"})  # noqa: S104 - compared, not bound


class PlacesCollide(Exception):
    """Two addresses that are one, or one that cannot be; the message names whose they are."""


def place_of(listener: Listener, worker: int) -> Listener:
    """Give *listener* with the address that *worker* (from 0) has for it."""
    match listener.address:
        case UnixSocket(path):
            return replace(listener, address=UnixSocket(_beside(path, worker)))
        case MutualTLS() as secure:
            return replace(listener, address=replace(secure, port=secure.port + worker))
        case MeshRestricted() as plain:
            return replace(listener, address=replace(plain, port=plain.port + worker))
        case other:
            assert_never(other)


def _beside(path: str, worker: int) -> str:
    if worker == 0:
        return path
    declared = PurePosixPath(path)
    return str(declared.with_name(f"{declared.stem}.{worker}{declared.suffix}"))


def check_places(listeners: Sequence[Listener], workers: int) -> None:
    """
    Check that no two addresses of *workers* processes are one.

    Raises:
        PlacesCollide: they are, or there is no such port.
    """
    taken: dict[int, list[tuple[str, str]]] = {}
    for whose, host, port in _places(listeners, workers):
        if port > MAX_PORT:
            raise PlacesCollide(f"{whose} would listen on port {port}, and there is none")
        for host_before, whose_before in taken.get(port, []):
            if _overlap(host, host_before):
                where = f"port {port}" if port else host
                raise PlacesCollide(
                    f"{whose} and {whose_before} would both listen on {where};"
                    f" each of {workers} workers has an address of its own for each listener"
                )
        taken.setdefault(port, []).append((host, whose))


def _overlap(one: str, other: str) -> bool:
    return one == other or bool({one, other} & EVERYWHERE)


def _places(listeners: Sequence[Listener], workers: int) -> Iterator[tuple[str, str, int]]:
    """Give whose it is, host or path, and port (0 for a socket)."""
    for listener in listeners:
        for worker in range(workers):
            whose = f"worker {worker} of listener {listener.name}"
            match place_of(listener, worker).address:
                case UnixSocket(path):
                    yield whose, path, 0
                case MutualTLS(host=host, port=port) | MeshRestricted(host=host, port=port):
                    yield whose, host, port
                case other:
                    assert_never(other)
