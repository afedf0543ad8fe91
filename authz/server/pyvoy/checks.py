"""The Checks of one listener.

A decision that waits for nobody is made where the call arrives, on the thread
of the loop: it takes about a hundred microseconds, not much more than handing
it over would. One that would wait is made anew on a thread that may.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from enum import Enum
from typing import Protocol, assert_never

from authz.directory.listening import Listener, MeshRestricted, MutualTLS, UnixSocket
from authz.server.decision_point import NoMessage
from authz.server.listeners import is_one_of
from authz.server.needs import Patience, WouldWait, never_waiting
from authz.server.pyvoy.frames import NoFrame, only_message
from authz.server.pyvoy.host import Message, Receive, Send
from authz.server.pyvoy.turns import AT_WORK, Turns
from authz.server.pyvoy.wire import UNAVAILABLE, Asked, Gone, fail, reply, whole
from authz.server.turns import IN_HAND, PATIENCE

TOLERANCE = 0.1
"""Seconds by which a Check may be later than `PATIENCE` that has had to wait for a turn."""


class Answers(Protocol):
    """What answers Checks, from any thread; see `DecisionPoint`."""

    def answer(
        self, request: bytes, listener: str, metadata: Mapping[str, str], patience: Patience
    ) -> bytes:
        """Answer one."""

    def refuse_stranger(self, listener: str) -> bytes:
        """Refuse somebody who is no listed Envoy."""

    def refuse_unread(self, listener: str, error: BaseException) -> bytes:
        """Refuse what *error* keeps from being read."""

    def refuse_overload(self, listener: str) -> bytes:
        """Refuse what there is no time for."""


class Deciding(Enum):
    """Where a Check is decided first."""

    HERE = "on the thread of the loop"
    ASIDE = "on a thread of its own, because each waits for a disk"


class Checks:
    """Answers Checks, and knows how many are in hand."""

    def __init__(self, answers: Answers, listener: Listener, deciding: Deciding) -> None:
        self._answers, self._listener, self._deciding = answers, listener, deciding
        self._threads = ThreadPoolExecutor(IN_HAND, thread_name_prefix=f"check-{listener.name}")
        self._turns = Turns(AT_WORK)
        self._is_closed = False
        self.in_hand = 0
        self.last = time.monotonic()
        """When the last one was answered."""

    def close(self) -> None:
        """Take no other one: it is not decided and not recorded."""
        self._is_closed = True

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one; the gRPC status is OK, whatever is answered."""
        if self._is_closed:
            await fail(send, UNAVAILABLE)
            return
        self.in_hand += 1
        try:
            response = await self._explicit(scope, receive)
            await reply(send, response)
        finally:
            self.in_hand -= 1
            self.last = time.monotonic()

    async def _explicit(self, scope: Message, receive: Receive) -> bytes:
        try:
            return await self._response(Asked.read(scope["headers"]), receive)
        except Gone:
            raise
        except BaseException as error:  # noqa: BLE001 - any fault is an explicit no: a filter that
            # is set to allow on failure is not reached.
            return self._answers.refuse_unread(self._listener.name, error)

    async def _response(self, asked: Asked, receive: Receive) -> bytes:
        name = self._listener.name
        # So that those who are in have been answered long before `PATIENCE`.
        if self.in_hand > IN_HAND or _is_late(asked, time.time()):
            return self._answers.refuse_overload(name)
        try:
            request = only_message(await whole(receive))
        except NoFrame:
            return self._answers.refuse_unread(name, NoMessage())
        if not self._admits(asked.peer):
            return self._answers.refuse_stranger(name)
        if self._deciding is Deciding.HERE:
            try:
                return self._decide(request, asked, never_waiting)
            except WouldWait:
                pass
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._decide_aside, request, asked)

    def _decide_aside(self, request: bytes, asked: Asked) -> bytes:
        """Decide on a thread, in turn, as the other front does."""
        if not self._turns.take(PATIENCE - asked.waited(time.time())):
            return self._answers.refuse_overload(self._listener.name)
        try:
            return self._decide(request, asked, self._turns.aside)
        finally:
            self._turns.give()

    def _decide(
        self, request: bytes, asked: Asked, aside: Callable[[], AbstractContextManager[None]]
    ) -> bytes:
        now, name = time.time(), self._listener.name
        if _is_late(asked, now):
            return self._answers.refuse_overload(name)
        patience = Patience.of(asked.remaining(now), aside)
        return self._answers.answer(request, name, asked.metadata, patience)

    def _admits(self, peer: bytes) -> bool:
        match self._listener.address:
            case UnixSocket() | MeshRestricted():
                return True
            case MutualTLS(callers=callers):
                # Several names, or one that holds a comma, are no SPIFFE ID as a whole.
                return is_one_of(peer, callers)
            case other:
                assert_never(other)


def _is_late(asked: Asked, now: float) -> bool:
    """Say whether nobody waits any more for the answer, or too long already."""
    remaining = asked.remaining(now)
    return asked.waited(now) > PATIENCE + TOLERANCE or (remaining is not None and remaining <= 0)
