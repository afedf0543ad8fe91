"""Where the benchmark keeps what it makes, and which cores it uses."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FOLDER = ROOT / ".bench"
"""Everything that is made anew in another clone: binaries, corpora, worlds, logs."""

BINARIES = FOLDER / "bin"
CORPUS = FOLDER / "corpus"
RUNNING = FOLDER / "running"
RESULTS = ROOT / "bench" / "results"

SERVER_CORE, GENERATOR_CORE = "0", "1"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Place:
    """Where one server runs: its own folder, its port, and where the issuer's keys are."""

    folder: Path
    port: int
    jwks_url: str

    @property
    def address(self) -> str:
        """Where it answers Checks."""
        return f"{LOOPBACK}:{self.port}"


def free_port() -> int:
    """Give a port of loopback that nobody listens on."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port: int = server.getsockname()[1]
    return port
