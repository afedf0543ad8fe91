"""`sources.background`: a loop that threads ask and that ends with its block."""

from __future__ import annotations

import asyncio
import threading

import pytest

from authz.sources.background import Background, BackgroundClosed
from authz.sources.single_flight import SingleFlights


async def give(value: int) -> int:
    """Give *value*."""
    return value


async def never() -> None:
    """Wait for nothing."""
    await asyncio.Event().wait()


def test_work_and_its_error() -> None:
    """Results and errors come to the thread that asked."""

    async def fail() -> None:
        raise KeyError("mine")

    with Background() as background:
        assert background.run(give(5), 10) == 5
        with pytest.raises(KeyError, match="mine"):
            background.run(fail(), 10)


def test_work_that_takes_too_long() -> None:
    """The waiter is told; what others share goes on."""
    ended = threading.Event()

    async def shared() -> int:
        await asyncio.to_thread(ended.wait, 30)
        return 7

    with Background() as background:
        flights = SingleFlights[int]()
        with pytest.raises(TimeoutError):
            background.run(flights.join("key", shared), 0.01)
        assert len(flights) == 1
        ended.set()
        assert background.run(flights.join("key", shared), 10) == 7


def test_closing_ends_what_is_under_way() -> None:
    """Whoever waits is told, and nothing runs afterwards."""
    begun, told = threading.Event(), list[type[BaseException]]()

    async def hang() -> None:
        begun.set()
        await never()

    def wait() -> None:
        try:
            background.run(hang(), 30)
        except BackgroundClosed as error:
            told.append(type(error))

    with Background() as background:
        waiter = threading.Thread(target=wait)
        waiter.start()
        assert begun.wait(30)
    waiter.join(30)
    assert told == [BackgroundClosed]
    with pytest.raises(BackgroundClosed):
        background.run(give(1), 10)
    assert "network" not in {thread.name for thread in threading.enumerate()}


def test_not_opened() -> None:
    """Nothing is waited for that never began."""
    background = Background()
    with pytest.raises(BackgroundClosed):
        background.run(give(1), 10)
    background._loop.close()
