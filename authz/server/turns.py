"""How many Checks are in hand, how long they wait, and what is too much.

There is no queue without end. A Check that comes when enough are in hand is
refused before anything of it is read, on the thread that hears of it, because a
refusal that costs as much as an answer would not help. One that is in hand has
a thread of its own, so that nobody who never sends a message keeps others from
theirs; where it comes to run too late, it is refused, unread too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

IN_HAND = 128
"""Checks that are taken on: those that run, and those that wait for a message or for others."""

PATIENCE = 0.5
"""Seconds until one comes to run; well below the 2 s for which Envoy waits for the answer."""


class Hands(ThreadPoolExecutor):
    """A thread for each that is in hand, made when there is none without work."""

    def __init__(self, name: str, in_hand: int = IN_HAND) -> None:
        """Be full with *in_hand* tasks; more are taken on, for health checks are among them."""
        super().__init__(2 * in_hand, thread_name_prefix=name)
        self._most = in_hand
        # A set adds and discards in one step of the interpreter, so it needs no lock.
        self._taken: set[object] = set()
        self._mine = threading.local()

    @property
    def count(self) -> int:
        """How many are taken on."""
        return len(self._taken)

    @property
    def are_full(self) -> bool:
        """Whether no other may be taken on."""
        return len(self._taken) >= self._most

    @property
    def is_late(self) -> bool:
        """Whether what runs on this thread came to run too late."""
        return bool(self._mine.waited > PATIENCE)

    def submit(
        self,
        work: Callable[Arguments, Result],
        /,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Future[Result]:
        """Take *work* on."""
        token = object()
        self._taken.add(token)
        try:
            return super().submit(self._run, token, time.monotonic(), work, *args, **kwargs)
        except BaseException:
            self._taken.discard(token)
            raise

    def _run(
        self,
        token: object,
        since: float,
        work: Callable[Arguments, Result],
        /,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        self._mine.waited = time.monotonic() - since
        try:
            return work(*args, **kwargs)
        finally:
            self._taken.discard(token)


class AtOnce(ThreadPoolExecutor):
    """Does what it is given on the thread that gives it. gRPC wants it to be a pool of threads."""

    def __init__(self) -> None:
        super().__init__(1)

    def submit(
        self,
        work: Callable[Arguments, Result],
        /,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Future[Result]:
        """Do *work*, and give what came of it."""
        future: Future[Result] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - who asks for the result gets it
            future.set_exception(error)
        return future
