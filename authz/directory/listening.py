"""A listener as the rest of the package sees it: where it is, who is believed there, and how it is
read who asks and for what.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from authz.model.spiffe import SpiffeId


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """A listener's socket in a directory that only Envoy's group can enter."""

    path: str


@dataclass(frozen=True, slots=True)
class MutualTLS:
    """A TCP listener that only listed SPIFFE IDs can use."""

    host: str
    port: int
    certificate: str
    key: str
    clients: str
    callers: frozenset[SpiffeId]


@dataclass(frozen=True, slots=True)
class MeshRestricted:
    """A plain TCP port; somebody has declared who may reach it, and why."""

    host: str
    port: int
    because: str


@dataclass(frozen=True, slots=True)
class ByPrincipal:
    """The TLS principal that Envoy reports."""


@dataclass(frozen=True, slots=True)
class ByCertificate:
    """The peer's certificate, which Envoy hands on."""


@dataclass(frozen=True, slots=True)
class ByXfcc:
    """`x-forwarded-client-cert` as one declared proxy writes it."""

    by: SpiffeId


@dataclass(frozen=True, slots=True)
class ByMetadata:
    """gRPC metadata of the Check, as a declared waypoint writes it."""

    key: str
    by_key: str
    """Where the waypoint names itself."""

    by: SpiffeId | None
    """What it must say there; None where it need not."""


@dataclass(frozen=True, slots=True)
class ByClient:
    """The client id in a bearer token of one issuer, where TLS carries no identity."""

    issuer: str
    """Name of the `Issuer`."""


@dataclass(frozen=True, slots=True)
class ByNobody:
    """No agent is proven: what asks there asks for a user alone."""


IdentityMode = ByPrincipal | ByCertificate | ByXfcc | ByMetadata | ByClient | ByNobody


class Direction(StrEnum):
    """Which calls a listener is for."""

    OUT = "out"
    """From declared agents, to targets of any kind."""

    IN = "in"
    """To agents, from agents or, without identity, from users."""


class TargetChoice(StrEnum):
    """How a Check says where Envoy routes to."""

    ROUTE = "route"
    """By the name that the route gives: `context_extensions.target`."""

    HOSTS = "hosts"
    """By `Host` and path, because Envoy itself routes by them."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One gRPC address of ours, who is believed there, and how it is read who asks."""

    name: str
    address: UnixSocket | MutualTLS | MeshRestricted
    identity: IdentityMode = ByPrincipal()
    direction: Direction = Direction.OUT
    targets: TargetChoice = TargetChoice.ROUTE
