"""Whose turn it is: how many Checks are in hand, how many at work, and what is too much.

There is no queue without end. A Check that comes when enough are in hand is
refused before anything of it is read, on the thread that hears of it, because a
refusal that costs as much as an answer would not help. One that is in hand waits
for its turn, and is refused, unread too, if that comes too late.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

AT_WORK = 16
"""
Threads, and so Checks that can be at work. Most of a thread's time goes into waiting for gRPC to
hand over the message: with 2 a Check cost half as much again (`make bench-transport`).
"""

IN_HAND = 128
"""Checks that are taken on: those at work, those that wait for their turn or for somebody else."""

PATIENCE = 0.5
"""Seconds that one waits for its turn; well below the 2 s for which Envoy waits for the answer."""

Task = tuple[float, Future[Any], Callable[[], object]]


class Hands(ThreadPoolExecutor):
    """
    Threads that take on what is in hand, in the order in which it came.

    gRPC takes no other kind of pool; the threads of the class above are never started.
    """

    def __init__(self, name: str, at_work: int = AT_WORK, in_hand: int = IN_HAND) -> None:
        """Have *at_work* threads, and be full with *in_hand* tasks."""
        super().__init__(at_work)
        self._name = name
        self._at_work = at_work
        self._most = in_hand
        self._lock = threading.Lock()
        self._count = 0
        self._serving: list[threading.Thread] = []
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._mine = threading.local()

    @property
    def count(self) -> int:
        """How many are taken on."""
        return self._count

    @property
    def are_full(self) -> bool:
        """Whether no other may be taken on."""
        return self._count >= self._most

    @property
    def is_late(self) -> bool:
        """Whether what runs on this thread has waited too long for its turn."""
        return bool(self._mine.waited > PATIENCE)

    def submit(
        self,
        work: Callable[Arguments, Result],
        /,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Future[Result]:
        """Take *work* on."""
        future: Future[Result] = Future()
        with self._lock:
            self._count += 1
            if len(self._serving) < self._at_work:
                self._serving.append(self._start())
        self._tasks.put((time.monotonic(), future, partial(work, *args, **kwargs)))
        return future

    def _start(self) -> threading.Thread:
        thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
        thread.start()
        return thread

    def _serve(self) -> None:
        """Do one task after the other, until there is none for this thread."""
        while (task := self._tasks.get()) is not None:
            since, future, work = task
            self._mine.waited = time.monotonic() - since
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - who asks for the result gets it
                future.set_exception(error)
            with self._lock:
                self._count -= 1

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let another thread take the turn while this one waits for somebody elsewhere."""
        self._start()
        try:
            yield
        finally:
            # Whichever thread is the next without a task ends, so that there are as many as before.
            self._tasks.put(None)

    def end(self) -> None:
        """End the threads, after what was taken on."""
        for _ in self._serving:
            self._tasks.put(None)


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
