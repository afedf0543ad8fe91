"""Whose turn it is: how many Checks are in hand, how many at work, and what is too much.

There is no queue without end. A Check that comes when enough are in hand is
refused before anything of it is read, on the thread that hears of it, because a
refusal that costs as much as an answer would not help. One that is in hand waits
for its turn, and is refused, unread too, if that comes too late.

Only who has a turn runs. Python runs one thread at a time, and with many that
want to, the one that hears of new Checks would come to speak last: then they
pile up where nobody counts them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

AT_WORK = 2
"""
Checks that run at the same time: one, and one that takes over while that one waits for the kernel.
With eight, a Check cost half as much again, for they fight for the interpreter.
"""

AT_DISK = 16
"""Where each record waits for the disk, so many do so together, and one sync is for all."""

IN_HAND = 128
"""Checks that are taken on: those at work, those that wait for their turn or for somebody else."""

PATIENCE = 0.5
"""Seconds that one waits for its turn; well below the 2 s for which Envoy waits for the answer."""

SPARE_THREADS = 4
"""For health checks, which are answered also when there is too much to do."""


class Hands(ThreadPoolExecutor):
    """Threads for what is in hand, of which those run that have a turn."""

    def __init__(self, name: str, at_work: int = AT_WORK, in_hand: int = IN_HAND) -> None:
        """Have a thread for each of *in_hand* Checks, and let *at_work* of them run."""
        super().__init__(in_hand + SPARE_THREADS, thread_name_prefix=name)
        self._turns = threading.Semaphore(at_work)
        self._most = in_hand
        self._lock = threading.Lock()
        self._count = 0
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
        with self._lock:
            self._count += 1
        future = super().submit(self._run, time.monotonic(), work, *args, **kwargs)
        future.add_done_callback(self._put_down)
        return future

    def _run(
        self,
        since: float,
        work: Callable[Arguments, Result],
        /,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        with self._turns:
            self._mine.waited = time.monotonic() - since
            return work(*args, **kwargs)

    def _put_down(self, _future: Future[Result]) -> None:
        with self._lock:
            self._count -= 1

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let another one have the turn while this one waits for somebody elsewhere."""
        self._turns.release()
        try:
            yield
        finally:
            self._turns.acquire()


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
