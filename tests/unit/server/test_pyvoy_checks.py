"""`server.pyvoy.checks`: where a Check is decided, and that it is answered whatever happens."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from authz._proto.external_auth_pb2 import CheckResponse
from authz.directory.listening import Listener, MutualTLS, UnixSocket
from authz.model.instant import Instant
from authz.model.needs import KeysNeeded, Need
from authz.model.spiffe import SpiffeId
from authz.server.decision_point import DecisionPoint, NoMessage
from authz.server.needs import NeedAnswers, Patience, WouldWait, never_waiting
from authz.server.pyvoy.bootstrap import ARRIVED, PEER
from authz.server.pyvoy.checks import Checks, Deciding
from authz.server.pyvoy.frames import framed, only_message
from authz.server.pyvoy.host import Message
from authz.server.turns import IN_HAND, PATIENCE
from authz.server.worlds import Elsewhere
from tests.support.cases import case_named
from tests.support.direct import KeptRecords, check_of
from tests.support.values import replace

SOCKET = Listener("out", UnixSocket("x"))
ENVOY = "spiffe://example.org/ns/edge/sa/envoy"
TLS = Listener("out", MutualTLS("127.0.0.1", 1, "c", "k", "r", frozenset({SpiffeId.parse(ENVOY)})))


@dataclass
class Told:
    """Answers with the name of what it was asked, in the place of a status."""

    answer_with: Callable[[Patience], object] = lambda _: None
    asked: list[str] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def _say(self, what: str) -> bytes:
        self.asked.append(what)
        self.threads.append(threading.get_ident())
        response = CheckResponse()
        response.status.message = what
        return response.SerializeToString()

    def answer(
        self, request: bytes, listener: str, metadata: Mapping[str, str], patience: Patience
    ) -> bytes:
        """Answer, unless it would wait or fails."""
        del request, listener, metadata
        self.answer_with(patience)
        return self._say("answered")

    def refuse_stranger(self, listener: str) -> bytes:
        """Refuse."""
        del listener
        return self._say("stranger")

    def refuse_unread(self, listener: str, error: BaseException) -> bytes:
        """Refuse."""
        del listener
        return self._say(type(error).__name__)

    def refuse_overload(self, listener: str) -> bytes:
        """Refuse."""
        del listener
        return self._say("overload")


@dataclass
class Call:
    """One call, and what it got."""

    body: bytes = framed(b"message")
    age: float = -20.0
    """Seconds since it arrived; it is still to come, so that a slow machine makes no call late."""

    timeout: bytes = b"2S"
    peer: bytes = b""
    events: list[Message] = field(default_factory=list)

    async def receive(self) -> Message:
        """Give the body."""
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Keep what is answered."""
        self.events.append(message)

    def told(self, checks: Checks) -> str:
        """Make the call, and give what was answered; its status is OK."""
        arrived = f"{time.time() - self.age:.6f}".encode()
        headers = [
            (b"grpc-timeout", self.timeout),
            (PEER.encode(), self.peer),
            (ARRIVED.encode(), arrived),
        ]
        asyncio.run(checks({"headers": headers}, self.receive, self.send))
        start, body, end = self.events
        assert start["status"] == 200
        assert end["headers"] == [(b"grpc-status", b"0")]
        said: str = CheckResponse.FromString(only_message(body["body"])).status.message
        return said


def test_what_waits_for_nobody_is_decided_where_it_comes() -> None:
    """No thread is paid for a decision that waits for nobody."""
    told = Told()

    assert Call().told(Checks(told, SOCKET, Deciding.HERE)) == "answered"
    assert told.threads == [threading.get_ident()]


def _waits(patience: Patience) -> None:
    with patience.aside():
        pass


def test_what_would_wait_is_decided_aside() -> None:
    """Who waits for somebody does not hold up the loop, and may wait where it is."""
    told = Told(_waits)

    assert Call().told(Checks(told, SOCKET, Deciding.HERE)) == "answered"
    (thread,) = told.threads
    assert thread != threading.get_ident()


def test_what_waits_for_a_disk_is_decided_aside() -> None:
    """With records that wait for a disk, no decision is made on the loop."""
    told = Told()

    assert Call().told(Checks(told, SOCKET, Deciding.ASIDE)) == "answered"
    assert told.threads != [threading.get_ident()]


def _fails(_: Patience) -> None:
    raise MemoryError


@pytest.mark.parametrize(
    ("call", "answered"),
    [
        (Call(age=PATIENCE + 0.5), "overload"),
        (Call(age=0.2, timeout=b"100m"), "overload"),
        (Call(body=b"\xff\xff"), "NoMessage"),
        (Call(body=b""), "NoMessage"),
    ],
    ids=["waited too long", "past its deadline", "no frame", "nothing"],
)
def test_what_is_refused_unread(call: Call, answered: str) -> None:
    """Each is refused in words, by a call whose status is OK."""
    assert call.told(Checks(Told(), SOCKET, Deciding.HERE)) == answered


@pytest.mark.parametrize("deciding", Deciding)
def test_any_fault_is_an_explicit_no(deciding: Deciding) -> None:
    """A fault of the decision does not abort the call: a filter might allow then."""
    assert Call().told(Checks(Told(_fails), SOCKET, deciding)) == "MemoryError"


@pytest.mark.parametrize(
    ("peer", "answered"),
    [
        (ENVOY, "answered"),
        ("", "stranger"),
        ("-", "stranger"),
        (f"{ENVOY}/x", "stranger"),
        (f"{ENVOY},spiffe://example.org/ns/edge/sa/other", "stranger"),
        (f"spiffe://example.org/ns/edge/sa/other,{ENVOY}", "stranger"),
        (f"https://example.org/x,{ENVOY}", "stranger"),
        (f"{ENVOY},{ENVOY}", "stranger"),
        (f" {ENVOY}", "stranger"),
    ],
)
def test_who_is_admitted(peer: str, answered: str) -> None:
    """Only who has exactly one URI name, a listed one, is answered."""
    call = Call(peer=peer.encode())

    assert call.told(Checks(Told(), TLS, Deciding.HERE)) == answered


def test_too_many_in_hand() -> None:
    """What is beyond the bound is refused and not kept."""
    checks = Checks(Told(), SOCKET, Deciding.HERE)
    checks.in_hand = IN_HAND

    assert Call().told(checks) == "overload"
    assert checks.in_hand == IN_HAND


def test_after_its_end_nothing_is_decided() -> None:
    """A Check that comes after the end gets no decision that nobody would hear of."""
    told, call = Told(), Call()
    checks = Checks(told, SOCKET, Deciding.HERE)
    checks.close()
    asyncio.run(checks({"headers": []}, call.receive, call.send))

    assert told.asked == []
    assert (b"grpc-status", b"14") in call.events[0]["headers"]


class Waits(NeedAnswers):
    """Who would have to be asked."""

    def answer(self, need: Need, elsewhere: Elsewhere, now: Instant, patience: Patience) -> object:
        """Wait."""
        del need, elsewhere, now
        with patience.aside():
            return None


def test_a_decision_that_would_wait_leaves_nothing_behind(
    decision_point: DecisionPoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up before anything is released or recorded, so that it can be made anew."""
    records, case = KeptRecords(), case_named("search-allowed")
    asking = replace(decision_point, records=records, needs=Waits(), clock=lambda: case.now)
    monkeypatch.setattr("authz.server.decision_point.decide", lambda *_: KeysNeeded("corp"))

    with pytest.raises(WouldWait):
        asking.answer(check_of(case).SerializeToString(), "out", {}, Patience(1.0, never_waiting))
    assert records.rows == []


def test_no_message_is_on_record(decision_point: DecisionPoint) -> None:
    """What is no message is refused with 503, and its record says why."""
    records = KeptRecords()
    response = replace(decision_point, records=records).refuse_unread("out", NoMessage())

    assert CheckResponse.FromString(response).denied_response.status.code == 503
    assert "no whole message" in str(records.rows[0])
