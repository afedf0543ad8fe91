"""Answers of others that are believed for a while: `aiocache`, bounded, by our clock."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from aiocache import SimpleMemoryCache

from authz.model.instant import Instant

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Believed(Generic[Answer]):
    answer: Answer
    since: Instant
    until: Instant


class BelievedAnswers(Generic[Answer]):
    """
    A cache of at most so many answers, the least recently used of which goes first.

    The cache drops entries by the event loop's time, and that is for memory's
    sake. Whether one is still believed is asked of our clock, which tokens are
    judged by too; one that goes backwards ends belief rather than prolongs it.
    """

    def __init__(self, entries: int, clock: Callable[[], Instant]) -> None:
        """Hold nothing yet, and never more than *entries*."""
        self._entries = entries
        self._clock = clock
        self._cache = SimpleMemoryCache(timeout=0)
        self._by_use: OrderedDict[str, None] = OrderedDict()

    async def find(self, key: str) -> Answer | None:
        """Give the answer at *key* that is still believed."""
        if key not in self._by_use:
            return None
        self._by_use.move_to_end(key)
        kept: _Believed[Answer] | None = await self._cache.get(key)
        if kept is None or not kept.since <= self._clock() < kept.until:
            return None
        return kept.answer

    async def keep(self, key: str, answer: Answer, since: Instant, until: Instant) -> None:
        """Believe *answer* from *since* until before *until*; not at all where that is nothing."""
        if until <= since:
            return
        self._by_use[key] = None
        self._by_use.move_to_end(key)
        await self._cache.set(key, _Believed(answer, since, until), ttl=until - since)
        while len(self._by_use) > self._entries:
            await self.forget(next(iter(self._by_use)))

    async def forget(self, key: str) -> None:
        """Believe nothing at *key*."""
        self._by_use.pop(key, None)
        await self._cache.delete(key)
