"""How many Checks are in hand, how long they wait, and what is too much.

There is no queue without end. A Check that comes when enough are in hand is
refused before anything of it is read, on the thread that hears of it, because a
refusal that costs as much as an answer would not help. One that is in hand has
a thread of its own, so that nobody who never sends a message keeps others from
theirs; where it comes to run too late, it is refused, unread too.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

IN_HAND = 128
"""Checks that are taken on: those that run, and those that wait for a message or for others."""

PATIENCE = 0.5
"""Seconds until one comes to run; well below the 2 s for which Envoy waits for the answer."""


class Task:
    """Something that is in hand, until it is done."""

    __slots__ = ("_callbacks", "_is_done", "_work", "since")

    def __init__(self, work: Callable[[], object]) -> None:
        """Be about to do *work*."""
        self.since = time.monotonic()
        self._work = work
        self._is_done = False
        self._callbacks: list[Callable[[object], object]] = []

    def run(self) -> None:
        """Do it, and tell those who want to know that it is over, however it ended."""
        try:
            self._work()
        finally:
            self._is_done = True
            self._tell()

    def add_done_callback(self, callback: Callable[[object], object]) -> None:
        """Have *callback* called when it is done, or now: once, by whoever takes it out."""
        self._callbacks.append(callback)
        if self._is_done:
            self._tell()

    def _tell(self) -> None:
        # `append` and `pop` are one step of the interpreter each, so there is no lock.
        while self._callbacks:
            with contextlib.suppress(IndexError):
                self._callbacks.pop()(self)


class Hands:
    """
    A thread for each that is in hand, made when there is none without work.

    It is what gRPC needs of a pool, and costs half as much as that of the standard
    library, which is a sixth of what a call costs that decides nothing.
    """

    def __init__(self, name: str, in_hand: int = IN_HAND) -> None:
        """Be full with *in_hand* tasks; more are taken on, for health checks are among them."""
        self._name = name
        self._most = in_hand
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        # A set adds and discards in one step of the interpreter, so it needs no lock.
        self._taken: set[Task] = set()
        self._mine = threading.local()
        self._is_shut = False

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
        work: Callable[Arguments, object],
        /,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Task:
        """
        Take *work* on; only one thread does. Nobody waits for what comes of it.

        Raises:
            RuntimeError: after `shutdown`.
        """
        if self._is_shut:
            raise RuntimeError("nothing more is taken on")
        task = Task(partial(work, *args, **kwargs))
        self._taken.add(task)
        self._tasks.put(task)
        if len(self._threads) < min(len(self._taken), 2 * self._most):
            self._add_thread()
        return task

    def _add_thread(self) -> None:
        name = f"{self._name}_{len(self._threads)}"
        # gRPC's own threads are daemons, and a daemon would pass that on.
        thread = threading.Thread(target=self._work, name=name, daemon=False)
        # Where the system gives no thread, those that there are go on, and the next task tries.
        with contextlib.suppress(RuntimeError):
            thread.start()
            self._threads.append(thread)

    def shutdown(self) -> None:
        """Take nothing more on; what is in hand is done, and the process waits for it."""
        self._is_shut = True
        for _ in self._threads:
            self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._mine.waited = time.monotonic() - task.since
            # gRPC catches and tells; what gets past that must not end the thread.
            with contextlib.suppress(BaseException):
                task.run()
            self._taken.discard(task)
            # Nothing of a call is kept until the next one comes.
            del task


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
