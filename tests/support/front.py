"""The front that the suite runs on: `NARROWGATE_FRONT`, which `authz serve` reads too.

With grpcio a test's gate is in the test's own process. With pyvoy its front is
an Envoy that hands each Check back: so the test's clock, records and faults stay
in its reach, and everything before and behind the decision is the real front.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.connection import Listener as Door
from pathlib import Path
from typing import NamedTuple

from authz.directory.listening import Listener
from authz.server.decision_point import DecisionPoint
from authz.server.grpc_face import GrpcFace
from authz.server.needs import Patience, WouldWait, never_waiting
from authz.server.pyvoy.checks import Answers, Deciding
from authz.settings import Front
from tests.support.waiting import wait_until

FRONT = Front(os.environ.get("NARROWGATE_FRONT", Front.GRPCIO))
PACKAGES = Path(__file__).parents[2] / ".pyvoy"
"""Where `make test-front` puts pyvoy, with the Envoy that it was made for."""

STOP_SECONDS = 20
RUN = "import sys; from authz.server.pyvoy.launch import become_envoy as b; b(*sys.argv[1:3], 1)"
RELAY = "tests.support.relay:started"


class Given(NamedTuple):
    """What the front in Envoy is told by the test."""

    listener: Listener
    home: Path
    drain_seconds: float
    deciding: Deciding
    door: str


class Asking(NamedTuple):
    """A method of `Answers`, called from the front."""

    method: str
    arguments: tuple[object, ...]
    seconds: float | None = None
    """Of the patience; None where the method has none."""

    may_wait: bool = True


def environment() -> dict[str, str]:
    """Give the environment of a gate: that of the tests, with pyvoy where it is tried."""
    return dict(os.environ) if FRONT is Front.GRPCIO else with_pyvoy()


def with_pyvoy() -> dict[str, str]:
    """Give an environment in which `authz serve` finds pyvoy and takes it."""
    paths = os.pathsep.join(map(str, (PACKAGES, PACKAGES.parent)))
    return {**os.environ, "PYTHONPATH": paths, "NARROWGATE_FRONT": Front.PYVOY}


@contextmanager
def serving_face(
    answers: DecisionPoint, listener: Listener, home: Path, deciding: Deciding = Deciding.HERE
) -> Iterator[None]:
    """Serve *listener* of a gate at *home* with the front of this run."""
    if FRONT is Front.GRPCIO:
        with GrpcFace(answers, listener, home, drain_seconds=1):
            yield
        return
    door = str(home / f"{listener.name}.door")
    log = home / f"{listener.name}.front.log"
    with Door(door, "AF_UNIX", backlog=128) as waiting, log.open("w") as written:
        threading.Thread(target=_answer_all, args=(waiting, answers), daemon=True).start()
        given = pickle.dumps(Given(listener, home, 1, deciding, door)).hex()
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, RELAY, given], env=environment(), stderr=written
        )
        try:
            wait_until(lambda: "serving" in log.read_text() or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield
            process.terminate()
            code = process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()
    assert code == 0, log.read_text()


def _answer_all(waiting: Door, answers: Answers) -> None:
    """Answer whoever comes, until the door is closed; each thread of the front has a connection."""
    with suppress(OSError):
        while True:
            connection = waiting.accept()
            threading.Thread(target=_answer, args=(connection, answers), daemon=True).start()


def _answer(connection: Connection, answers: Answers) -> None:
    with suppress(EOFError, OSError), connection:
        while True:
            asking: Asking = connection.recv()
            connection.send_bytes(_answered(asking, answers))


def _answered(asking: Asking, answers: Answers) -> bytes:
    """Give the response; nothing at all says that the decision would have waited."""
    given = asking.arguments
    if asking.seconds is not None:
        patience = Patience(asking.seconds)
        given = (*given, patience if asking.may_wait else Patience(asking.seconds, never_waiting))
    try:
        response: bytes = getattr(answers, asking.method)(*given)
    except WouldWait:
        return b""
    return response
