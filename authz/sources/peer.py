"""One issuer as it is reached over the network."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from structlog.typing import FilteringBoundLogger

from authz.directory.compiled import Issuer
from authz.model.instant import Instant
from authz.sources.addresses import LookUp, look_up
from authz.sources.fetch import Exchanges
from authz.sources.metadata import Metadata


@dataclass(frozen=True, slots=True)
class Outside:
    """What time it is, whose certificates are believed, and what names mean."""

    clock: Callable[[], Instant]
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    """The system's by default; OpenSSL reads `SSL_CERT_FILE` where there are others."""

    look_up: LookUp = look_up


@dataclass(frozen=True, slots=True)
class Peer:
    """What it takes to ask one issuer."""

    name: str
    """Of its document."""

    exchanges: Exchanges
    metadata: Metadata
    clock: Callable[[], Instant]
    log: FilteringBoundLogger


def open_peer(issuer: Issuer, outside: Outside, log: FilteringBoundLogger) -> Peer:
    """Make a peer within a running event loop; its exchanges are to be closed there."""
    exchanges = Exchanges(issuer.private_networks, outside.trust, outside.look_up)
    metadata = Metadata(issuer.url, exchanges, outside.clock)
    return Peer(issuer.name, exchanges, metadata, outside.clock, log.bind(issuer=issuer.name))
