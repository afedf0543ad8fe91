"""Which clients there are, and the programs that drive them."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

from examples.idp.installation import Installation, NotInstalled

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / ".clients"
DRIVERS = Path(__file__).parent / "drivers"
NODE = Installation(FOLDER, DRIVERS, "a client of this clone", "clients")
"""Of the two clients that npm has."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment for a version of `mcp` that this clone itself does not run on."""

    requirements: Path
    within: Path = FOLDER

    @property
    def folder(self) -> Path:
        """Where it is made."""
        return self.within / self.requirements.stem

    @property
    def program(self) -> Path:
        """Its Python."""
        return self.folder / "bin" / "python"

    @property
    def is_there(self) -> bool:
        """Whether exactly these requirements were installed, and its Python is still there."""
        stamped = self._stamp.exists() and self._stamp.read_text() == self._digest()
        return stamped and self.program.exists()

    def done(self) -> None:
        """Note that the requirements are installed."""
        self._stamp.write_text(self._digest())

    def python(self) -> Path:
        """
        Give its Python.

        Raises:
            NotInstalled: it was not made, or of other requirements.
        """
        if not self.is_there:
            raise NotInstalled(f"{self.folder.name} is not installed: `make clients` installs it")
        return self.program

    @property
    def _stamp(self) -> Path:
        return self.folder / "installed"

    def _digest(self) -> str:
        return hashlib.sha256(self.requirements.read_bytes()).hexdigest()


ENVIRONMENTS = {
    name: Environment(ROOT / "requirements" / f"{name}.txt") for name in ("mcp-1.12", "mcp-1.30")
}


LEGACY, MODERN = "legacy", "modern"


@dataclass(frozen=True)
class Client:
    """One client in one era."""

    title: str
    """Its package and version, without what the registry puts before the name."""

    mode: str
    version: str
    """Of the protocol, which it agrees on with an official server."""

    driver: str
    environment: str | None = None
    """None: that of this clone."""

    def command(self) -> list[str]:
        """
        Give the command that drives it, to be run in the clone.

        Raises:
            NotInstalled: `make clients` has not been run.
        """
        if self.driver.endswith(".mjs"):
            return [str(NODE.node()), str(DRIVERS / self.driver)]
        python = ENVIRONMENTS[self.environment].python() if self.environment else sys.executable
        return [str(python), "-m", f"tests.clients.drivers.{self.driver}"]


CLIENTS = (
    Client("mcp 1.12.4", LEGACY, "2025-06-18", "py1", "mcp-1.12"),
    Client("mcp 1.30.0", LEGACY, "2025-11-25", "py1", "mcp-1.30"),
    Client("mcp 2.3.0", LEGACY, "2025-11-25", "py2"),
    Client("mcp 2.3.0", MODERN, "2026-07-28", "py2"),
    Client("sdk 1.32.2", LEGACY, "2025-11-25", "ts1.mjs"),
    Client("client 2.4.0", LEGACY, "2025-11-25", "ts2.mjs"),
    Client("client 2.4.0", MODERN, "2026-07-28", "ts2.mjs"),
)
