"""What health checks are told (`grpc.health.v1`), for all listeners of one front."""

from __future__ import annotations

import asyncio
import threading

from grpc_health.v1.health_pb2 import HealthCheckResponse

SERVING = HealthCheckResponse.SERVING
NOT_SERVING = HealthCheckResponse.NOT_SERVING
MAX_WATCHERS = 64


class TooManyWatch(Exception):
    """No other health check may stay."""


class Health:
    """One status for everything that is served; those who watch hear of each change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._is_over = False
        self.status: int = NOT_SERVING

    def say(self, status: int) -> None:
        """Tell *status* from now on; not after `end`."""
        with self._lock:
            if not self._is_over:
                self._tell(status)

    def end(self) -> None:
        """Tell that it does not serve, whatever is said afterwards."""
        with self._lock:
            self._is_over = True
            self._tell(NOT_SERVING)

    def _tell(self, status: int) -> None:
        self.status = status
        for changed, loop in self._watchers.items():
            loop.call_soon_threadsafe(changed.set)

    def watch(self, changed: asyncio.Event) -> None:
        """
        Set *changed* at each change from now on, on the loop that runs.

        Raises:
            TooManyWatch: `MAX_WATCHERS` do so already.
        """
        with self._lock:
            if len(self._watchers) >= MAX_WATCHERS:
                raise TooManyWatch
            self._watchers[changed] = asyncio.get_running_loop()

    def forget(self, changed: asyncio.Event) -> None:
        """Do not set *changed* any more."""
        with self._lock:
            self._watchers.pop(changed, None)
