"""An event loop on a thread of its own, for work that threads ask for and wait for."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from structlog.typing import FilteringBoundLogger

from authz.telemetry.logs import whereabouts

Result = TypeVar("Result")

CLOSING_SECONDS = 5.0


class BackgroundClosed(Exception):
    """The loop does not run."""


class Background:
    """Runs while its `with` block does; what is under way at its end is cancelled."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        """Start nothing yet; *log* is told of faults that nobody waits for."""
        self._log = log
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._say_fault)
        self._thread = threading.Thread(target=self._live, name="network", daemon=True)
        self._open = threading.Event()

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        self._open.set()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cancel what is under way and wait for the thread, a bounded time."""
        self._open.clear()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSING_SECONDS)

    def run(self, work: Coroutine[Any, Any, Result], seconds: float) -> Result:
        """
        Run *work* on the loop and wait for it, from any other thread.

        Raises:
            TimeoutError: it took longer and was cancelled.
            BackgroundClosed: the loop does not run, or ended meanwhile.
        """
        if not self._open.is_set():
            work.close()
            raise BackgroundClosed
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(seconds)
        except TimeoutError:
            future.cancel()
            raise
        except concurrent.futures.CancelledError:
            raise BackgroundClosed from None

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(cancel_others())
        finally:
            self._loop.close()

    def _say_fault(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Say it as all faults are said: the loop's own way would quote the message."""
        error = context.get("exception")
        what = whereabouts(error) if error is not None else {"what": context["message"]}
        self._log.error("fault", **what)


async def cancel_others() -> None:
    """End all other work of the running loop, and wait until it has ended."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
