"""The world that new requests are decided in: replaced whole, never changed."""

from __future__ import annotations

import threading
from dataclasses import replace

from authz.identity.keys import IssuerKeys
from authz.world import World


class CurrentWorld:
    """Holds the newest world. A request takes it once and keeps it to its end."""

    def __init__(self, world: World) -> None:
        self._lock = threading.Lock()
        self._world = world

    @property
    def now(self) -> World:
        """The newest world."""
        return self._world

    def publish_keys(self, issuer: str, keys: IssuerKeys) -> None:
        """Let requests from now on see the fetched *keys* of the `Issuer` named *issuer*."""
        with self._lock:
            known = {**self._world.issuer_keys, issuer: keys}
            self._world = replace(self._world, issuer_keys=known)
