"""Where `make idp` leaves the provider, and whether it is there; other Node programs likewise."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path


class NotInstalled(Exception):
    """A program is not installed; the message says how it is."""


@dataclass(frozen=True)
class Installation:
    """What a program for Node needs to run."""

    folder: Path
    """For Node, where the system has none, and the stamp."""

    package: Path
    """Where the modules and their lockfile are. What they import lies in `node_modules` beside
    them, the one place where Node looks for it."""

    what: str = "the OpenID provider"
    """The program, as messages name it."""

    target: str = "idp"
    """Of `make`: what installs it."""

    @property
    def lockfile(self) -> Path:
        """What is to be installed, with digests."""
        return self.package / "package-lock.json"

    @property
    def stamp(self) -> Path:
        """What has been installed."""
        return self.folder / "installed.json"

    def done_with(self, node: Path) -> None:
        """Note that the packages of this lockfile are there, and are run by *node*."""
        self.folder.mkdir(exist_ok=True)
        self.stamp.write_text(json.dumps({"node": str(node), "lockfile": self._digest()}))

    def node(self) -> Path:
        """
        Give the Node that runs the program.

        Raises:
            NotInstalled: never installed, or by another lockfile, or its Node is gone.
        """
        if not self.stamp.exists():
            raise self._missing(f"{self.what} is not installed")
        stamp = json.loads(self.stamp.read_text())
        if stamp["lockfile"] != self._digest() or not (self.package / "node_modules").is_dir():
            raise self._missing(f"other packages of {self.what} are wanted")
        node = Path(stamp["node"])
        if not node.exists():
            raise self._missing(f"the Node of {self.what} is gone")
        return node

    def _missing(self, why: str) -> NotInstalled:
        return NotInstalled(f"{why}: `make {self.target}` installs it")

    def _digest(self) -> str:
        return hashlib.sha256(self.lockfile.read_bytes()).hexdigest()


HERE = Path(__file__).parent
INSTALLATION = Installation(HERE.parent.parent / ".idp", HERE)
"""The one of this clone."""
