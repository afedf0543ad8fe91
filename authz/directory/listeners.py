"""Listener addresses: only declared Envoys are believed, so each has a wall."""

from __future__ import annotations

import re
from collections.abc import Iterator

from authz.directory.compiled import Listener, MeshRestricted, MutualTLS, UnixSocket
from authz.directory.diagnostics import Diagnostic
from authz.directory.documents import GateSpec, ListenerSpec
from authz.directory.parse import Document
from authz.model.spiffe import SpiffeId

UNIX = "unix:"
WALLS = (
    "use a Unix socket, or tls with callers.spiffe, or say in callers.mesh who may reach it and"
    " why; an agent may share loopback"
)
MAX_PORT = 65535

_PORT = re.compile(r"[1-9][0-9]{0,4}")
_DECODED = frozenset("%?#")
"""Characters that gRPC reads as parts of an address, not of a file's name."""


def listener_mistakes(gate: GateSpec, document: Document) -> Iterator[Diagnostic]:
    """Check that each listener has a wall around it, and an address that can be read."""
    for index, listener in enumerate(gate.listeners):
        message = _mistake(listener)
        if message is not None:
            yield Diagnostic(document.at("listeners", index, "address"), *message)


def _mistake(listener: ListenerSpec) -> tuple[str, str] | None:
    tcp = _host_and_port(listener.address)
    if listener.address.startswith(UNIX):
        if len(listener.address) == len(UNIX):
            return "the socket has no path", "unix:/run/narrowgate/out.sock"
        if not _DECODED.isdisjoint(listener.address):
            return "the socket's path has a character that an address cannot", "no %, ? or #"
        if listener.tls or listener.callers:
            return "a Unix socket has no tls and no callers", "its folder's mode is the wall"
        return None
    if tcp is None:
        return "expected unix:<path> or <host>:<port>", ""
    spiffe = listener.callers and listener.callers.spiffe
    mesh = listener.callers and listener.callers.mesh
    if (listener.tls and spiffe) or (mesh and not listener.tls):
        return None
    return (
        "whoever may send a Check is given tokens, and this port would take one from anybody",
        WALLS,
    )


def _host_and_port(address: str) -> tuple[str, int] | None:
    host, _, port = address.rpartition(":")
    if not host or not _PORT.fullmatch(port):
        return None
    return (host, int(port)) if int(port) <= MAX_PORT else None


def compile_listener(spec: ListenerSpec) -> Listener:
    """Compile a listener without mistakes."""
    if spec.address.startswith(UNIX):
        return Listener(spec.name, UnixSocket(spec.address.removeprefix(UNIX)))
    host, _, port = spec.address.rpartition(":")
    callers = spec.callers
    if spec.tls is not None and callers is not None and callers.spiffe is not None:
        identities = frozenset(map(SpiffeId.parse, callers.spiffe))
        tls = spec.tls
        address = MutualTLS(host, int(port), tls.certificate, tls.key, tls.clients, identities)
        return Listener(spec.name, address)
    because = callers.mesh if callers else None
    if because is None:
        raise ValueError("a plain port without a declaration does not compile")
    return Listener(spec.name, MeshRestricted(host, int(port), because))
