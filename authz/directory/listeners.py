"""Listeners: the wall around each address, and how it is read there who asks.

Only declared Envoys are believed. What a proxy writes into a header or into
metadata counts only where nobody but that proxy can send Checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set

from authz.directory.diagnostics import Diagnostic, nearest
from authz.directory.gate_documents import (
    ClientSpec,
    GateSpec,
    ListenerSpec,
    MetadataSpec,
    XfccSpec,
)
from authz.directory.listening import (
    ByCertificate,
    ByClient,
    ByMetadata,
    ByNobody,
    ByPrincipal,
    ByXfcc,
    Direction,
    IdentityMode,
    Listener,
    MeshRestricted,
    MutualTLS,
    TargetChoice,
    UnixSocket,
)
from authz.directory.parse import Document
from authz.model.spiffe import SpiffeId

UNIX = "unix:"
WALLS = (
    "use a Unix socket, or tls with callers.spiffe, or say in callers.mesh who may reach it and"
    " why; an agent may share loopback"
)
MAX_PORT = 65535

NEEDED: Mapping[str, str] = {
    "xfcc": "{by: spiffe://…}",
    "metadata": "",
    "client": "{issuer: …}",
}
"""By identity mode with settings of its own: what they must say; metadata has defaults."""

LOCAL_PRINCIPAL = "x-local-principal"
"""Where a waypoint names itself, if nothing else is said."""

Member = tuple[str, ...]

_PORT = re.compile(r"[1-9][0-9]{0,4}")
_DECODED = frozenset("%?#")
"""Characters that gRPC reads as parts of an address, not of a file's name."""


def listener_mistakes(
    gate: GateSpec, document: Document, issuers: Set[str]
) -> Iterator[Diagnostic]:
    """Check that each listener has a wall around it, and says all about its identity mode."""
    for index, listener in enumerate(gate.listeners):
        message = _mistake(listener)
        if message is not None:
            yield Diagnostic(document.at("listeners", index, "address"), *message)
        for member, message in _identity_mistakes(listener):
            yield Diagnostic(document.at("listeners", index, *member), *message)
        issuer = listener.client.issuer if listener.client else None
        if issuer is not None and issuer not in issuers:
            place = document.at("listeners", index, "client", "issuer")
            yield Diagnostic(place, f"there is no Issuer {issuer}", nearest(issuer, issuers))


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


def _identity_mistakes(listener: ListenerSpec) -> Iterator[tuple[Member, tuple[str, str]]]:
    identity = listener.identity
    if identity == "none" and listener.direction != "in":
        message = "identity: none proves no agent, and only calls to agents come from users alone"
        yield ("identity",), (message, "it is for direction: in")
    for name, needed in NEEDED.items():
        settings = getattr(listener, name)
        if name == identity and needed and settings is None:
            yield ("identity",), (f"identity: {identity} needs {name}: {needed}", "")
        elif name != identity and settings is not None:
            yield (name,), (f"{name} is for identity: {name}, and this is {identity}", "")
    said = listener.metadata
    if said is not None and said.by and said.key == (said.by_key or LOCAL_PRINCIPAL):
        message = "one key cannot name both who asks and the waypoint"
        yield ("metadata",), (message, "give key and byKey different names")
    by, callers = _named_proxy(listener), listener.callers
    if by is not None and callers is not None and callers.spiffe and set(callers.spiffe) != {by}:
        # Another Envoy may hand on what its own client wrote there.
        message = f"only {by} may send Checks here, for what it writes is believed"
        yield ("callers",), (message, f"callers: {{spiffe: [{by}]}}")


def _named_proxy(listener: ListenerSpec) -> str | None:
    if listener.xfcc is not None:
        return listener.xfcc.by
    return listener.metadata.by if listener.metadata is not None else None


def _host_and_port(address: str) -> tuple[str, int] | None:
    host, _, port = address.rpartition(":")
    if not host or not _PORT.fullmatch(port):
        return None
    return (host, int(port)) if int(port) <= MAX_PORT else None


def compile_listener(spec: ListenerSpec) -> Listener:
    """Compile a listener without mistakes."""
    return Listener(
        spec.name,
        _address(spec),
        _identity(spec),
        Direction(spec.direction),
        TargetChoice(spec.targets),
    )


def _address(spec: ListenerSpec) -> UnixSocket | MutualTLS | MeshRestricted:
    if spec.address.startswith(UNIX):
        return UnixSocket(spec.address.removeprefix(UNIX))
    host, _, port = spec.address.rpartition(":")
    callers = spec.callers
    if spec.tls is not None and callers is not None and callers.spiffe is not None:
        identities = frozenset(map(SpiffeId.parse, callers.spiffe))
        tls = spec.tls
        return MutualTLS(host, int(port), tls.certificate, tls.key, tls.clients, identities)
    because = callers.mesh if callers else None
    if because is None:
        raise ValueError("a plain port without a declaration does not compile")
    return MeshRestricted(host, int(port), because)


def _identity(spec: ListenerSpec) -> IdentityMode:
    match spec:
        case ListenerSpec(identity="principal"):
            return ByPrincipal()
        case ListenerSpec(identity="certificate"):
            return ByCertificate()
        case ListenerSpec(identity="xfcc", xfcc=XfccSpec(by=by)):
            return ByXfcc(SpiffeId.parse(by))
        case ListenerSpec(identity="metadata", metadata=metadata):
            said = metadata or MetadataSpec()
            named = SpiffeId.parse(said.by) if said.by else None
            return ByMetadata(said.key, said.by_key or LOCAL_PRINCIPAL, named)
        case ListenerSpec(identity="client", client=ClientSpec(issuer=issuer)):
            return ByClient(issuer)
        case ListenerSpec(identity="none", direction="in"):
            return ByNobody()
    raise ValueError("a listener that does not say how it is read who asks does not compile")
