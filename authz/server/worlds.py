"""What new requests are decided in: replaced whole, never changed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from authz.claims.reuse import MintedTokens
from authz.directory.compiled import Issuer
from authz.identity.keys import IssuerKeys
from authz.model.needs import IntrospectionNeeded, KeysNeeded, Unanswered
from authz.tokens.signing_keys import SigningKeys
from authz.world import World


class Elsewhere(Protocol):
    """Who asks the identity providers of one world."""

    def answer(self, need: KeysNeeded | IntrospectionNeeded, seconds: float) -> object:
        """Answer within *seconds*; `Unanswered` where nobody could say."""

    def fetched(self) -> Mapping[str, IssuerKeys]:
        """Give the keys that were fetched last, by `Issuer` name."""


class Nowhere:
    """Where nothing is declared that could be asked."""

    def answer(self, need: KeysNeeded | IntrospectionNeeded, seconds: float) -> object:
        """Say that there is nobody."""
        del need, seconds
        return Unanswered("nobody can be asked")

    def fetched(self) -> Mapping[str, IssuerKeys]:
        """Give nothing."""
        return {}


@dataclass(frozen=True, slots=True)
class InForce:
    """
    What one request lives in: a world, and what belongs to no other.

    The world publishes exactly the keys that *keys* holds, so whatever is
    signed here is believed here.
    """

    world: World
    keys: SigningKeys
    elsewhere: Elsewhere = field(default_factory=Nowhere)
    minted: MintedTokens = field(init=False, compare=False, default_factory=MintedTokens)


class CurrentWorld:
    """Holds what is in force. A request takes it once and keeps it to its end."""

    def __init__(self, world: World, keys: SigningKeys, elsewhere: Elsewhere | None = None) -> None:
        self._lock = threading.Lock()
        self._now = InForce(world, keys, elsewhere or Nowhere())

    @property
    def now(self) -> InForce:
        """What is in force."""
        return self._now

    def replace(self, world: World, keys: SigningKeys, elsewhere: Elsewhere) -> None:
        """Let requests from now on be decided in *world*, with the keys fetched until now."""
        with self._lock:
            known = {**world.issuer_keys, **elsewhere.fetched()}
            signatures = self._now.world.signatures
            world = replace(world, issuer_keys=known, signatures=signatures)
            self._now = InForce(world, keys, elsewhere)

    def publish_keys(self, issuer: Issuer, keys: IssuerKeys) -> None:
        """
        Let requests from now on see the fetched *keys* of *issuer*.

        Keys that were fetched for another declaration of it are nobody's: who
        fetched them belongs to a world that is no longer, or not yet, in force.
        """
        with self._lock:
            world = self._now.world
            if world.directory.issuers.get(issuer.name) != issuer:
                return
            known = {**world.issuer_keys, issuer.name: keys}
            self._now = replace(self._now, world=replace(world, issuer_keys=known))
