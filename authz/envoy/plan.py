"""What an Envoy in front of the gate shall be: everything that its bootstrap depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from authz.directory.compiled import Target
from authz.directory.listening import Listener

MAX_BODY_BYTES = 262_144
"""The usual limit of a request's body: what is larger is refused with 413, unasked."""


@dataclass(frozen=True, slots=True)
class Socket:
    """A Unix socket, as Envoy sees its path."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


@dataclass(frozen=True, slots=True)
class Port:
    """A TCP port of a host, which is a name or an address."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


Address = Socket | Port


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of Envoy's own certificate, which it shows to callers, gate and upstreams."""

    chain: str
    key: str


@dataclass(frozen=True, slots=True)
class OneAuthority:
    """Callers' certificates are verified by one file of roots."""

    roots: str


@dataclass(frozen=True, slots=True)
class AuthorityEach:
    """Every trust domain has roots of its own, so that no authority speaks for another."""

    roots: Mapping[str, str]
    """Files, by trust domain."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where callers come in."""

    address: Port
    callers: OneAuthority | AuthorityEach | None
    """None asks for no certificate: who calls is known in another way."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom Envoy takes for the other side of a TLS connection that it opens."""

    roots: str
    name: str
    """A SPIFFE ID, a DNS name or an IP address: the certificate has exactly this one."""


@dataclass(frozen=True, slots=True)
class GatePlace:
    """Where the gate is asked: an endpoint for each of its workers."""

    endpoints: tuple[Address, ...]
    peer: Peer | None
    """None speaks HTTP/2 without TLS: by a socket, or a port that a mesh protects."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a target is."""

    target: Target
    address: Port
    peer: Peer | None


@dataclass(frozen=True, slots=True)
class Plan:
    """An Envoy between callers, one listener of the gate, and its targets."""

    listener: Listener
    entrance: Entrance
    certificate: Certificate | None
    gate: GatePlace
    upstreams: tuple[Upstream, ...]
    admin: Address | None = None
    """None serves none: whoever reaches it can stop Envoy and have it log credentials."""

    max_body_bytes: int = MAX_BODY_BYTES
