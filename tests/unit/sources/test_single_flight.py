"""`sources.single_flight`: many ask, one works."""

from __future__ import annotations

import asyncio

import pytest

from authz.sources.single_flight import SingleFlights


def test_waiter_that_gives_up_does_not_end_the_work() -> None:
    """Who leaves takes nothing from those who wait on."""

    async def run() -> tuple[int, str, int]:
        flights, may_end, began = SingleFlights[str](), asyncio.Event(), 0

        async def work() -> str:
            nonlocal began
            began += 1
            await may_end.wait()
            return "done"

        impatient = asyncio.create_task(flights.join("key", work))
        patient = asyncio.create_task(flights.join("key", work))
        await asyncio.sleep(0)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        assert "key" in flights
        may_end.set()
        return began, await patient, len(flights)

    assert asyncio.run(run()) == (1, "done", 0)


def test_next_one_works_anew() -> None:
    """Work that ended is not remembered, a failure least of all."""

    async def run() -> int:
        flights, began = SingleFlights[None](), 0

        async def work() -> None:
            nonlocal began
            began += 1
            raise KeyError

        for _ in range(2):
            with pytest.raises(KeyError):
                await flights.join("key", work)
        return began

    assert asyncio.run(run()) == 2
