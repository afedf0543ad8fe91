"""The public keys of one issuer, fetched before they are old and when one is missing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from authz.directory.compiled import KeysByUrl
from authz.identity.keys import NEVER_FETCHED, InvalidKeySet, IssuerKeys, KeySet, read_key_set
from authz.model.instant import Instant
from authz.sources.fetch import FetchFailed
from authz.sources.peer import Peer
from authz.sources.single_flight import SingleFlights
from authz.telemetry.logs import whereabouts

MAX_BYTES = 256 * 1024
LEAST_FRESH = 60
"""Seconds; an issuer that allows less is asked no more often than this."""

COOL_DOWN = 10
"""
Seconds from one attempt to the next, whoever asks and whatever came of it.

Tokens with invented key ids cost an issuer one request in this time; and this
is how long a token may be refused whose key was published after we looked.
"""

EARLIEST_REFRESH, LATEST_REFRESH = 0.75, 0.9
"""Of the time for which keys are fresh; chance spreads replicas between the two."""

Publish = Callable[[IssuerKeys], None]
"""Takes new keys; called on the thread that fetches."""

Pause = Callable[[float], Awaitable[None]]


@dataclass(slots=True)
class Fetches:
    """How often keys of one issuer were asked for since the start, and in vain."""

    tried: int = 0
    failed: int = 0


class FetchedKeys:
    """
    The keys of one issuer.

    What was fetched last stays while the issuer cannot be reached or publishes
    nothing that can be read; how long it may be used, it says itself. To be
    used within one event loop, `current` and `fetches` anywhere.
    """

    def __init__(
        self, peer: Peer, keys: KeysByUrl, publish: Publish, known: IssuerKeys = NEVER_FETCHED
    ) -> None:
        """Have the keys that are *known*, and ask nobody yet."""
        self.current: IssuerKeys = known
        self.fetches = Fetches()
        self._peer = peer
        self._keys = keys
        self._publish = publish
        self._flights = SingleFlights[None]()
        self._tried: Instant | None = None
        self._failing = False
        self.why_not = ""
        """Why the last try was in vain; empty where it was not."""

    async def refresh(self) -> IssuerKeys:
        """
        Look for a key that is not known; fetches unless somebody just did.

        Never raises for reasons of the network: the current keys say how old they are.
        """
        if self._peer.name in self._flights or not self._cools_down():
            await self._flights.join(self._peer.name, self._fetch)
        return self.current

    async def stay_fresh(self, pause: Pause = asyncio.sleep) -> None:
        """Fetch now, or later where keys are known, and before they are old; until cancelled."""
        if self.current is not NEVER_FETCHED:
            await pause(self._until_next())
        while True:
            await self._flights.join(self._peer.name, self._fetch)
            await pause(self._until_next())

    def _cools_down(self) -> bool:
        # A clock that was set back must not make this last.
        return self._tried is not None and 0 <= self._peer.clock() - self._tried < COOL_DOWN

    def _until_next(self) -> float:
        if self._failing:
            return COOL_DOWN * random.uniform(1, 1.5)  # noqa: S311 - spreads, hides nothing
        fresh = self.current.fresh_until - self._peer.clock()
        share = random.uniform(EARLIEST_REFRESH, LATEST_REFRESH)  # noqa: S311 - as above
        return max(float(COOL_DOWN), fresh * share)

    async def _fetch(self) -> None:
        self._tried = asked = self._peer.clock()
        self.fetches.tried += 1
        try:
            keys, fresh_for = await self._read()
            fresh_until = Instant(asked + fresh_for)
            usable_until = Instant(fresh_until + self._keys.stale_for)
            fetched = IssuerKeys(keys, fresh_until, usable_until, since=asked)
            before, self.current = self.current, fetched
            self._publish(self.current)
        except (FetchFailed, InvalidKeySet) as error:
            self._say_failing(str(error))
        except Exception as error:  # noqa: BLE001 - or the keys would grow old in silence
            self._peer.log.error("fault", **whereabouts(error))
            self._say_failing("a fault of ours")
        else:
            self._say_fetched(before.keys, keys, fresh_for)

    async def _read(self) -> tuple[KeySet, int]:
        url = self._keys.jwks_url or await self._peer.metadata.endpoint("jwks_uri")
        fetched = await self._peer.exchanges.get(url, MAX_BYTES)
        most = self._keys.max_age
        said = most if fetched.max_age is None else fetched.max_age
        return read_key_set(fetched.body), min(most, max(LEAST_FRESH, said))

    def _say_failing(self, why: str) -> None:
        self.fetches.failed += 1
        self.why_not = why
        if not self._failing:
            self._failing = True
            left = max(0, self.current.usable_until - self._peer.clock())
            self._peer.log.warning("issuer_keys_unreachable", why=why, usable_seconds=left)

    def _say_fetched(self, before: KeySet, now: KeySet, fresh_for: int) -> None:
        self.why_not = ""
        if self._failing or _names(now) != _names(before):
            self._failing = False
            self._peer.log.info("issuer_keys_fetched", keys=len(now.keys), fresh_seconds=fresh_for)


def _names(keys: KeySet) -> set[tuple[str | None, str]]:
    return {(key.key_id, key.algorithm) for key in keys.keys}
