"""`sources.background`: a loop that threads ask and that ends with its block."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from authz.sources.background import Background, BackgroundClosed
from authz.sources.single_flight import SingleFlights
from tests.support.network import KeptLog
from tests.support.waiting import wait_until


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

    with Background(KeptLog().log) as background:
        assert background.run(give(5), 10) == 5
        with pytest.raises(KeyError, match="mine"):
            background.run(fail(), 10)


def test_work_that_takes_too_long() -> None:
    """The waiter is told; what others share goes on."""
    ended = threading.Event()

    async def shared() -> int:
        await asyncio.to_thread(ended.wait, 30)
        return 7

    with Background(KeptLog().log) as background:
        flights = SingleFlights[int]()

        def gave_up_on_one() -> bool:
            with pytest.raises(TimeoutError):
                background.run(flights.join("key", shared), 0.01)
            return len(flights) == 1

        # The loop may be so late that who gives up was never on board.
        wait_until(gave_up_on_one)
        ended.set()
        assert background.run(flights.join("key", shared), 10) == 7


async def under_way() -> int:
    """Count the work of the loop, this aside."""
    return len(asyncio.all_tasks()) - 1


def test_work_that_nobody_waits_for_any_more() -> None:
    """What took too long is ended, so that it does not pile up."""
    with Background(KeptLog().log) as background:
        with pytest.raises(TimeoutError):
            background.run(never(), 0.01)
        wait_until(lambda: background.run(under_way(), 10) == 0)


def test_fault_that_nobody_waits_for() -> None:
    """An error that nobody takes is logged by its type and place, without its message."""
    kept = KeptLog()

    async def fail() -> None:
        raise KeyError("what a caller wrote")

    async def begin() -> None:
        asyncio.create_task(fail())  # noqa: RUF006 - nobody keeps it
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gc.collect()

    with Background(kept.log) as background:
        background.run(begin(), 10)
    assert kept.events == ["fault"]
    assert "KeyError" in kept.text
    assert "fail" in kept.text
    assert "what a caller wrote" not in kept.text


def test_closing_ends_what_is_under_way() -> None:
    """Whoever waits is told, and nothing runs afterwards."""
    before = set(threading.enumerate())
    begun, told = threading.Event(), list[type[BaseException]]()

    async def hang() -> None:
        begun.set()
        await never()

    def wait() -> None:
        try:
            background.run(hang(), 30)
        except BackgroundClosed as error:
            told.append(type(error))

    with Background(KeptLog().log) as background:
        waiter = threading.Thread(target=wait)
        waiter.start()
        assert begun.wait(30)
    waiter.join(30)
    assert told == [BackgroundClosed]
    with pytest.raises(BackgroundClosed):
        background.run(give(1), 10)
    assert set(threading.enumerate()) <= before


def test_not_opened() -> None:
    """Nothing is waited for that never began."""
    background = Background(KeptLog().log)
    with pytest.raises(BackgroundClosed):
        background.run(give(1), 10)
    background._loop.close()
