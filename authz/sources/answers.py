"""Answers to the needs of steps, from the network: one place for threads to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, assert_never

from structlog.typing import FilteringBoundLogger

from authz.directory.compiled import Issuer, KeysByUrl
from authz.identity.keys import NEVER_FETCHED, IssuerKeys
from authz.model.needs import (
    Inactive,
    Introspected,
    IntrospectionNeeded,
    KeysNeeded,
    Unanswered,
)
from authz.sources.background import Background, BackgroundClosed, cancel_others
from authz.sources.introspection import OpaqueTokens
from authz.sources.issuer_keys import FetchedKeys
from authz.sources.peer import Outside, Peer, open_peer
from authz.telemetry.health import IssuerHealth

OPENING_SECONDS = 10.0

Publish = Callable[[Issuer, IssuerKeys], None]
"""Takes an Issuer as it was declared and its new keys; called on the thread that fetches."""


def is_asked(issuer: Issuer) -> bool:
    """Say whether anything of *issuer* is found out over the network."""
    return isinstance(issuer.keys, KeysByUrl) or issuer.introspection is not None


class Answering:
    """
    Keeps the keys of issuers fresh and asks about opaque tokens while its `with` block runs.

    All work is on one thread of its own; others wait for it as long as they say.
    """

    def __init__(
        self,
        issuers: Iterable[Issuer],
        home: Path,
        outside: Outside,
        publish: Publish,
        log: FilteringBoundLogger,
        known: Mapping[str, IssuerKeys] | None = None,
    ) -> None:
        """
        Ask nobody yet.

        Args:
            issuers: The declared ones; of those that fetch nothing, nothing is done.
            home: Where relative paths of documents start.
            outside: What is asked, and by which clock answers are believed.
            publish: Takes the keys of an Issuer each time they were fetched, on
                the thread that did.
            log: Told once when an issuer cannot be reached, and once when it can again.
            known: Keys, by Issuer name, that were fetched before for the same declaration.
        """
        self._issuers = tuple(issuers)
        self._home = home
        self._outside = outside
        self._publish = publish
        self._log = log
        self._known = known or {}
        self._background = Background(log)
        self._peers: list[Peer] = []
        self._keys: dict[str, FetchedKeys] = {}
        self._tokens: dict[str, OpaqueTokens] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        """Begin to fetch; nothing is waited for."""
        with ExitStack() as opened:
            opened.enter_context(self._background)
            opened.callback(lambda: self._background.run(self._close(), OPENING_SECONDS))
            self._background.run(self._open(), OPENING_SECONDS)
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop asking and close all connections."""
        self._opened.close()

    def wait_for_first_keys(self, seconds: float) -> None:
        """Wait until all whose keys are not known were asked once; the log says who has none."""
        with suppress(TimeoutError):
            self._background.run(self._refresh_all(), seconds)
        for name, keys in self._keys.items():
            if keys.current is NEVER_FETCHED:
                self._log.warning("issuer_has_no_keys_yet", issuer=name)

    def fetched(self) -> Mapping[str, IssuerKeys]:
        """Give the keys that were fetched last, by Issuer name; from any thread."""
        return {name: keys.current for name, keys in self._keys.items()}

    def health(self) -> Mapping[str, IssuerHealth]:
        """Say of each issuer that is asked how that goes; from any thread."""
        return {name: self._health_of(name) for name in sorted({*self._keys, *self._tokens})}

    def _health_of(self, name: str) -> IssuerHealth:
        keys, tokens = self._keys.get(name), self._tokens.get(name)
        why_not = (keys.why_not if keys else "") or (tokens.why_not if tokens else "")
        if keys is None:
            return IssuerHealth(why_not)
        current = keys.current
        return IssuerHealth(why_not, len(current.keys.keys), int(current.usable_until))

    def answer(
        self, need: KeysNeeded | IntrospectionNeeded, seconds: float
    ) -> IssuerKeys | Introspected | Inactive | Unanswered:
        """
        Find out what *need* asks, within *seconds*; from any thread.

        Never raises for reasons of the network. Keys that could not be looked
        for in time are the ones that are known, which say how old they are.
        """
        try:
            return self._background.run(self._answer(need), seconds)
        except TimeoutError:
            if isinstance(need, KeysNeeded):
                return self._keys[need.issuer].current
            return Unanswered(f"the issuer did not say within {seconds:g} seconds")
        except BackgroundClosed:
            return Unanswered("the gate is stopping")

    async def _answer(
        self, need: KeysNeeded | IntrospectionNeeded
    ) -> IssuerKeys | Introspected | Inactive | Unanswered:
        match need:
            case KeysNeeded(issuer):
                keys = self._keys.get(issuer)
                return await keys.refresh() if keys else Unanswered("its keys are not fetched")
            case IntrospectionNeeded(issuer, token):
                tokens = self._tokens.get(issuer)
                return await tokens.ask(token) if tokens else Unanswered("it is not asked")
            case other:
                assert_never(other)

    async def _open(self) -> None:
        for issuer in self._issuers:
            if is_asked(issuer):
                self._open_issuer(issuer)
        self._tasks = [asyncio.create_task(keys.stay_fresh()) for keys in self._keys.values()]

    def _open_issuer(self, issuer: Issuer) -> None:
        peer = open_peer(issuer, self._outside, self._log)
        self._peers.append(peer)
        if isinstance(issuer.keys, KeysByUrl):
            known = self._known.get(issuer.name, NEVER_FETCHED)
            publish = partial(self._publish, issuer)
            self._keys[issuer.name] = FetchedKeys(peer, issuer.keys, publish, known)
        if issuer.introspection is not None:
            self._tokens[issuer.name] = OpaqueTokens(peer, issuer.introspection, self._home)

    async def _refresh_all(self) -> None:
        unknown = [keys for keys in self._keys.values() if keys.current is NEVER_FETCHED]
        await asyncio.gather(*(keys.refresh() for keys in unknown))

    async def _close(self) -> None:
        # First, or what is under way would ask again over connections that are closed.
        await cancel_others()
        for peer in self._peers:
            await peer.exchanges.close()
