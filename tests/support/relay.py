"""The front of a test's gate, inside Envoy: it hands each Check to the test (`support.front`)."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Mapping
from multiprocessing.connection import Client, Connection

from authz.server.needs import Patience, WouldWait, never_waiting
from authz.server.pyvoy.face import PyvoyFace
from authz.server.pyvoy.host import App, Host, Message, Receive, Send
from authz.server.pyvoy.launch import STOP_SIGNALS
from authz.telemetry.logs import open_log
from tests.support.front import Asking, Given


class Relayed:
    """Answers Checks as the test does."""

    def __init__(self, door: str) -> None:
        self._door = door
        self._own = threading.local()

    def answer(
        self, request: bytes, listener: str, metadata: Mapping[str, str], patience: Patience
    ) -> bytes:
        """Answer one Check."""
        may_wait = patience.aside is not never_waiting
        asking = Asking("answer", (request, listener, metadata), patience.seconds, may_wait)
        return self._ask(asking)

    def refuse_stranger(self, listener: str) -> bytes:
        """Refuse a stranger."""
        return self._ask(Asking("refuse_stranger", (listener,)))

    def refuse_unread(self, listener: str, error: BaseException) -> bytes:
        """Refuse what cannot be read."""
        return self._ask(Asking("refuse_unread", (listener, error)))

    def refuse_overload(self, listener: str) -> bytes:
        """Refuse what there is no time for."""
        return self._ask(Asking("refuse_overload", (listener,)))

    def _ask(self, asking: Asking) -> bytes:
        connection = self._connection()
        connection.send(asking)
        told = connection.recv_bytes()
        if not told:
            raise WouldWait
        return told

    def _connection(self) -> Connection:
        if not hasattr(self._own, "connection"):
            self._own.connection = Client(self._door, "AF_UNIX")
        connection: Connection = self._own.connection
        return connection


def __getattr__(name: str) -> App:
    if name != "started":
        raise AttributeError(name)
    threading.Thread(target=_live, args=(Host.arrive(),), name="serve", daemon=True).start()
    return _nobody


async def _nobody(scope: Message, receive: Receive, send: Send) -> None:
    """Answer nothing."""
    del scope, receive, send


def _live(host: Host) -> None:
    code = 1
    try:
        given: Given = pickle.loads(bytes.fromhex(host.given))
        log = open_log("error")
        answers = Relayed(given.door)
        front = (host, log, given.deciding)
        with PyvoyFace(answers, given.listener, given.home, given.drain_seconds, front):
            print("serving", file=sys.stderr, flush=True)
            signal.sigwait(STOP_SIGNALS)
        code = 0
    finally:
        host.leave()
        os._exit(code)
