"""A client on a leash: one JSON line in, one JSON line out.

`connect` opens a session (and closes the one before); `call`, `prompt`, `resource`,
`request` and `notify` use it; `headers` changes what its requests carry from now
on. Whatever the client makes of an answer is told, its own death included.

This runs in the environments of several versions of `mcp`, so it imports none.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

TIMEOUT_SECONDS = 10
Command = Mapping[str, Any]
Told = dict[str, Any]


class Session(Protocol):
    """An open session of some client."""

    @property
    def version(self) -> str:
        """Of the protocol, as negotiated."""

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> tuple[str, bool]:
        """Call a tool; give the text of its result, and whether it says that it failed."""

    async def prompt(self, name: str) -> None:
        """Get a prompt."""

    async def resource(self, uri: str) -> None:
        """Read a resource."""

    async def request(self, method: str) -> None:
        """Send a request of a method that the client does not know."""

    async def notify(self, method: str) -> None:
        """Send a notification that the client does not know."""


@dataclass
class Outgoing:
    """What the requests of a session carry, by HTTP method; None takes a header away."""

    fixed: Mapping[str, str]
    by_verb: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)

    def apply(self, verb: str, headers: Any) -> None:
        """Set the headers of one request."""
        for name, value in {**self.fixed, **self.by_verb.get(verb, {})}.items():
            headers.pop(name, None)
            if value is not None:
                headers[name] = value


@dataclass(frozen=True)
class Connection:
    """What `connect` says."""

    url: str
    tls: ssl.SSLContext
    mode: str
    outgoing: Outgoing

    @classmethod
    def of(cls, command: Command) -> Connection:
        """Read the command."""
        tls = ssl.create_default_context(cafile=command["roots"])
        tls.load_cert_chain(command["certificate"], command["key"])
        outgoing = Outgoing(command["headers"], command["by_verb"])
        return cls(command["url"], tls, command["mode"], outgoing)


Opener = Callable[[Connection], AbstractAsyncContextManager[Session]]


class Live:
    """A session in a task of its own: a client that dies takes that task with it, and no more."""

    def __init__(self, opener: Opener, connection: Connection) -> None:
        self.connection = connection
        self._opener = opener
        self._commands: asyncio.Queue[Command | None] = asyncio.Queue()
        self._told: asyncio.Queue[Told] = asyncio.Queue()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            async with self._opener(self.connection) as session:
                self._told.put_nowait({"version": session.version})
                while (command := await self._commands.get()) is not None:
                    self._told.put_nowait(await _obeyed(session, command))
        except BaseException as error:  # noqa: BLE001 - clients die of CancelledError too
            self._told.put_nowait(_raised(error))

    async def ask(self, command: Command) -> Told:
        """Hand *command* to the session and give what came of it."""
        if self._task.done():
            return self._last_words()
        self._commands.put_nowait(command)
        return await self.told()

    async def told(self) -> Told:
        """Give what the session tells next; a session that hangs is given up."""
        try:
            return await asyncio.wait_for(self._told.get(), TIMEOUT_SECONDS)
        except TimeoutError:
            self._task.cancel()
            return {"raised": "TimeoutError", "text": "no answer"}

    def _last_words(self) -> Told:
        words: Told = {"raised": "SessionOver", "text": "the session is over"}
        return words if self._told.empty() else self._told.get_nowait()

    async def close(self) -> None:
        """Leave the session as a client does; what it raises then is nobody's concern."""
        self._commands.put_nowait(None)
        done, _ = await asyncio.wait({self._task}, timeout=TIMEOUT_SECONDS)
        if not done:
            self._task.cancel()


async def _obeyed(session: Session, command: Command) -> Told:
    try:
        return await _made(session, command)
    except Exception as error:  # noqa: BLE001 - what a client raises is what is looked at
        return _raised(error)


async def _made(session: Session, command: Command) -> Told:
    match command["do"]:
        case "call":
            text, failed = await session.call(command["tool"], command["arguments"])
            return {"result": text, "failed": failed}
        case "prompt":
            await session.prompt(command["name"])
        case "resource":
            await session.resource(command["uri"])
        case "request":
            await session.request(command["method"])
        case "notify":
            await session.notify(command["method"])
        case other:
            raise ValueError(other)
    return {"done": True}


def _raised(error: BaseException) -> Told:
    """Tell an exception; of a group, what is in it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return {"raised": type(error).__name__, "text": str(error)}


async def _serve(opener: Opener) -> None:
    live: Live | None = None
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        told: Told = {"done": True}
        if command["do"] in {"connect", "close"} and live is not None:
            await live.close()
        if command["do"] == "connect":
            live = Live(opener, Connection.of(command))
            told = await live.told()
        elif command["do"] == "headers" and live is not None:
            live.connection.outgoing.by_verb = command["by_verb"]
        elif command["do"] != "close" and live is not None:
            told = await live.ask(command)
        print(json.dumps(told), flush=True)


def serve(opener: Opener) -> None:
    """Obey the lines of standard input to its end."""
    asyncio.run(_serve(opener))
