"""`sources.believed`: bounded in time by our clock and in number."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiocache import SimpleMemoryCache
from hypothesis import given
from hypothesis import strategies as st

from authz.model.instant import Instant
from authz.sources.believed import BelievedAnswers
from tests.support.network import Clock

SINCE = Instant(1_800_000_000)


async def kept(answers: BelievedAnswers[str], key: str, seconds: int = 30) -> None:
    """Keep *key* as an answer of its own name."""
    await answers.keep(key, key, SINCE, Instant(SINCE + seconds))


def test_believed_until_its_end() -> None:
    """Before its end an answer is believed, from then on not; nor before it was given."""
    clock = Clock()

    async def run() -> list[str | None]:
        answers = BelievedAnswers[str](10, clock)
        await kept(answers, "a", 30)
        found = []
        for now in (SINCE, SINCE + 29, SINCE + 30, SINCE - 1, SINCE + 10):
            clock.now = now
            found.append(await answers.find("a"))
        return found

    assert asyncio.run(run()) == ["a", "a", None, None, "a"]


def test_nothing_is_kept_for_no_time() -> None:
    """An answer that is believed for no time takes no place."""

    async def run() -> tuple[int, str | None]:
        answers = BelievedAnswers[str](10, Clock())
        await kept(answers, "a", 0)
        return await size(answers), await answers.find("a")

    assert asyncio.run(run()) == (0, None)


async def size(answers: BelievedAnswers[str]) -> int:
    """Count what the library holds, by its own door."""
    cache: SimpleMemoryCache = answers._cache
    return int(await cache.raw("__len__"))


def test_least_recently_used_goes_first() -> None:
    """One that is asked for stays, and one that is kept anew."""

    async def run(use: Callable[[BelievedAnswers[str]], Awaitable[object]]) -> list[str | None]:
        answers = BelievedAnswers[str](2, Clock())
        await kept(answers, "a")
        await kept(answers, "b")
        await use(answers)
        await kept(answers, "c")
        return [await answers.find(key) for key in "abc"]

    assert asyncio.run(run(lambda answers: answers.find("a"))) == ["a", None, "c"]
    assert asyncio.run(run(lambda answers: kept(answers, "a"))) == ["a", None, "c"]
    assert asyncio.run(run(lambda answers: answers.find("b"))) == [None, "b", "c"]


@given(st.lists(st.tuples(st.sampled_from(["keep", "find", "forget"]), st.integers(0, 20))))
def test_never_more_than_so_many(steps: list[tuple[str, int]]) -> None:
    """Whatever is done, the library holds at most so many entries, and as many as are counted."""

    async def run() -> None:
        answers = BelievedAnswers[str](5, Clock())
        for what, number in steps:
            if what == "keep":
                await kept(answers, str(number))
            elif what == "find":
                await answers.find(str(number))
            else:
                await answers.forget(str(number))
            assert await size(answers) <= 5
            assert await size(answers) == len(answers._by_use)

    asyncio.run(run())
