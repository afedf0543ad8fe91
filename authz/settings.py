"""What the command line and the environment say at start, and what a command ends with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path

STATUS_SOCKET = "status.sock"
"""In the home of a gate, where nobody says otherwise."""

LOG_LEVELS = ("debug", "info", "warning", "error")


class Exit(IntEnum):
    """Exit codes of the command, as documented."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    INVALID_WORLD = 3
    CANNOT_START = 4
    DEGRADED = 5
    UNREACHABLE = 6


class Front(StrEnum):
    """What speaks gRPC with Envoy."""

    GRPCIO = "grpcio"
    PYVOY = "pyvoy"


@dataclass(frozen=True, slots=True)
class HttpAddress:
    """Where an HTTP face of ours listens. Port 0 lets the system choose."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> HttpAddress:
        """
        Read `host:port`; an IPv6 host stands in brackets.

        Raises:
            ValueError: it is no address.
        """
        host, colon, port = text.rpartition(":")
        if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise ValueError(f"{text!r} is no host:port")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """What `authz serve` needs to know beside the world."""

    home: Path
    """Folder with `directory/` and `policies/`; relative paths in documents start here."""

    http: HttpAddress
    log_level: str
    """One of `LOG_LEVELS`."""

    drain_seconds: float
    """How long a stop waits for Checks that are under way."""

    notice_seconds: float = 0.0
    """How long a stop is told to health checks before it begins."""

    metrics: HttpAddress | None = None
    """Where metrics are shown; None for nowhere."""

    status: Path | None = None
    """The socket at which `authz status` is told how it stands; None for none."""

    workers: int = 1
    """How many processes serve; more than one are looked after by another."""
