"""Waiting for an answer from elsewhere: bounded in number and time, and without holding a turn."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest

from authz.model.instant import Instant
from authz.model.needs import IntrospectionNeeded, KeysNeeded, Unanswered
from authz.server.needs import (
    MARGIN,
    MAX_SECONDS,
    MAX_WAITING,
    MAX_WAITING_FOR_KEYS,
    NeedAnswers,
    Patience,
)
from tests.needs.asking import Answerer, Need

NOW = Instant(1_000)
NEED, TOKEN = KeysNeeded("corp"), IntrospectionNeeded("corp", "opaque")


@pytest.mark.parametrize(
    ("remaining", "seconds"),
    [(None, MAX_SECONDS), (60.0, MAX_SECONDS), (1.0, 1.0 - MARGIN), (0.1, 0.0), (-1.0, 0.0)],
)
def test_patience(remaining: float | None, seconds: float) -> None:
    """A Check waits less than Envoy does, and never long."""
    assert Patience.of(remaining, nullcontext).seconds == seconds


def test_aside() -> None:
    """A Check has no turn while it waits, and has one again after it."""
    steps: list[str] = []

    @contextmanager
    def aside() -> Iterator[None]:
        steps.append("gives its turn")
        yield
        steps.append("takes a turn")

    class Elsewhere(Answerer):
        def answer(self, need: Need, seconds: float) -> object:
            steps.append("waits")
            return super().answer(need, seconds)

    NeedAnswers().answer(NEED, Elsewhere(), NOW, Patience(1.0, aside))

    assert steps == ["gives its turn", "waits", "takes a turn"]


KINDS: tuple[tuple[Need, Need, int], ...] = (
    (NEED, TOKEN, MAX_WAITING_FOR_KEYS),
    (TOKEN, NEED, MAX_WAITING),
)


@pytest.mark.parametrize(("need", "other", "most"), KINDS, ids=["keys", "tokens"])
def test_bounded(need: Need, other: Need, most: int) -> None:
    """
    One more than may wait is told at once that nobody could say.

    Who waits for keys takes no place of those who wait for what is said of a token, nor they his.
    """
    waiting, over = threading.Barrier(most + 1), threading.Event()

    class Slow(Answerer):
        def answer(self, need: Need, seconds: float) -> object:
            if need is not other:
                waiting.wait(10)
                over.wait(10)
            return super().answer(need, seconds)

    needs, slow = NeedAnswers(), Slow({need: "known", other: "known as well"})
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.append(needs.answer(need, slow, NOW, Patience())))
        for _ in range(most)
    ]
    for thread in threads:
        thread.start()
    waiting.wait(10)
    refused, answered = (needs.answer(each, slow, NOW, Patience()) for each in (need, other))
    over.set()
    for thread in threads:
        thread.join(10)

    assert refused == Unanswered("too many Checks wait for an answer")
    assert answered == "known as well"
    assert answers == ["known"] * most


def test_places_come_free() -> None:
    """However many waited before, and however that ended, the next one may."""

    class Broken(Answerer):
        def answer(self, need: Need, seconds: float) -> object:
            raise ZeroDivisionError(need, seconds)

    one = threading.BoundedSemaphore(1)
    needs = NeedAnswers(for_keys=one)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            needs.answer(NEED, Broken(), NOW, Patience())
        assert needs.answer(NEED, Answerer({NEED: "keys"}), NOW, Patience()) == "keys"


def test_who_does_not_wait_keeps_its_turn() -> None:
    """A Check that finds no place goes on at once: it neither asks nor gives its turn away."""
    steps: list[str] = []

    @contextmanager
    def aside() -> Iterator[None]:
        steps.append("gives its turn")
        yield

    answerer = Answerer({NEED: "keys"})
    full = threading.BoundedSemaphore(1)
    full.acquire()
    needs = NeedAnswers(for_keys=full)

    assert needs.answer(NEED, answerer, NOW, Patience(1.0, aside)) == Unanswered(
        "too many Checks wait for an answer"
    )
    assert (steps, answerer.heard) == ([], [])
