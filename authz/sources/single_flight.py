"""Work that many ask for and one does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class SingleFlights(Generic[Result]):
    """
    Work under way by key; who asks for the same waits for the same.

    A waiter that gives up does not end the work, for others may wait for it.
    Lives within one event loop.
    """

    def __init__(self) -> None:
        """Have nothing under way."""
        self._flights: dict[str, asyncio.Task[Result]] = {}

    def __len__(self) -> int:
        """Say how much is under way."""
        return len(self._flights)

    def __contains__(self, key: str) -> bool:
        """Say whether work for *key* is under way."""
        return key in self._flights

    async def join(self, key: str, begin: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Wait for the work for *key*; *begin* makes it where none is under way."""
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(begin())
            self._flights[key] = flight
            flight.add_done_callback(lambda _: self._flights.pop(key))
        return await asyncio.shield(flight)
