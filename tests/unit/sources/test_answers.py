"""`sources.answers`: what threads get for their needs."""

from __future__ import annotations

import json
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from authz.directory.compiled import Introspection, Issuer, KeyFile, KeysByUrl
from authz.identity.keys import NEVER_FETCHED, IssuerKeys
from authz.model.needs import Inactive, Introspected, IntrospectionNeeded, KeysNeeded, Unanswered
from authz.sources.answers import Answering
from authz.sources.peer import Outside
from tests.support.hostile_peer import Asked, HostilePeer, Reply, Send, always, answer, as_json
from tests.support.keys import jwks
from tests.support.network import Clock, KeptLog, issuer
from tests.support.values import replace

NO_TRUST = ssl.create_default_context()
TOKEN = "opaque-token-that-nobody-may-see"
SECRET = "secret-that-nobody-may-see"
SOON = 20.0


class Setting:
    """Issuers on loopback, what they published to us, and what was logged."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.kept = KeptLog()
        self.folder = folder
        (folder / "secret").write_text(SECRET)
        self.published: list[str] = []

    def answering(self, *issuers: Issuer) -> Answering:
        """Make the part that answers."""
        outside = Outside(self.clock, NO_TRUST)
        return Answering(issuers, self.folder, outside, self.publish, self.kept.log)

    def publish(self, issuer: Issuer, keys: IssuerKeys) -> None:
        """Keep who published."""
        assert keys.keys.keys
        self.published.append(issuer.name)


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    """A setting of one's own."""
    return Setting(tmp_path)


def corp(peer: HostilePeer) -> Issuer:
    """Give the Issuer that *peer* is, with both."""
    introspection = Introspection(peer.url("/introspect"), "gate", "secret", 30)
    return issuer(peer.url(), KeysByUrl(peer.url("/jwks"), 600, 3600), introspection)


def good(asked: Asked, send: Send) -> bool:
    """Answer both as an issuer should."""
    told = {"active": b"opaque" in asked.body, "sub": "alice"}
    send(answer(jwks("a") if asked.path == "/jwks" else json.dumps(told).encode()))
    return True


def test_both_needs(setting: Setting) -> None:
    """Keys are there after the first wait; tokens are told apart; other names are nobody's."""
    with HostilePeer(good) as peer, setting.answering(corp(peer)) as answering:
        answering.wait_for_first_keys(SOON)
        assert setting.published == ["corp"]
        keys = answering.answer(KeysNeeded("corp"), SOON)
        assert isinstance(keys, IssuerKeys)
        assert [key.key_id for key in keys.keys.keys] == ["a"]
        told = answering.answer(IntrospectionNeeded("corp", TOKEN), SOON)
        assert told == Introspected({"active": True, "sub": "alice"})
        assert answering.answer(IntrospectionNeeded("corp", "unknown"), SOON) == Inactive()
        assert isinstance(answering.answer(KeysNeeded("other"), SOON), Unanswered)
        assert isinstance(answering.answer(IntrospectionNeeded("other", TOKEN), SOON), Unanswered)
    assert setting.kept.events == ["issuer_keys_fetched"]


def test_issuer_that_fetches_nothing(setting: Setting) -> None:
    """Keys in a file are nobody's to fetch."""
    with HostilePeer(good) as peer:
        document = replace(corp(peer), keys=KeyFile("keys.json"), introspection=None)
        with setting.answering(document) as answering:
            answering.wait_for_first_keys(SOON)
            assert isinstance(answering.answer(KeysNeeded("corp"), SOON), Unanswered)
    assert peer.connections == 0


def test_a_hundred_threads_are_one_question(setting: Setting) -> None:
    """Threads that ask about one token share one request."""
    release, together = threading.Event(), threading.Barrier(101)

    def held(asked: Asked, send: Send) -> bool:
        if asked.path != "/jwks":
            assert release.wait(30)
        return good(asked, send)

    def ask() -> object:
        together.wait(30)
        return answering.answer(IntrospectionNeeded("corp", TOKEN), SOON)

    with (
        HostilePeer(held) as peer,
        setting.answering(corp(peer)) as answering,
        ThreadPoolExecutor(100) as threads,
    ):
        asked = [threads.submit(ask) for _ in range(100)]
        together.wait(30)
        release.set()
        told = [each.result(30) for each in asked]
    assert told == [Introspected({"active": True, "sub": "alice"})] * 100
    assert [each.path for each in peer.asked].count("/introspect") == 1


def hanging(released: threading.Event) -> Reply:
    """Answer nobody before *released*."""

    def reply(asked: Asked, send: Send) -> bool:
        return released.wait(30) and good(asked, send)

    return reply


def test_issuer_that_is_slow_at_the_start(setting: Setting) -> None:
    """Serving begins without its keys, the log says so, and they are taken when they come."""
    released, came = threading.Event(), threading.Event()
    setting.publish = lambda issuer, keys: came.set()  # type: ignore[method-assign]  # noqa: ARG005
    with HostilePeer(hanging(released)) as peer, setting.answering(corp(peer)) as answering:
        answering.wait_for_first_keys(0.05)
        assert setting.kept.events == ["issuer_has_no_keys_yet"]
        assert answering.answer(KeysNeeded("corp"), 0.05) is NEVER_FETCHED
        slow = answering.answer(IntrospectionNeeded("corp", TOKEN), 0.05)
        assert slow == Unanswered("the issuer did not say within 0.05 seconds")
        released.set()
        assert came.wait(30)
        assert answering.answer(KeysNeeded("corp"), SOON) is not NEVER_FETCHED
    assert [each.path for each in peer.asked].count("/jwks") == 1


def test_issuer_that_is_down(setting: Setting) -> None:
    """One that refuses is not waited for; others are served."""
    with HostilePeer(good) as gone:
        down = replace(corp(gone), name="down")
    with HostilePeer(good) as peer, setting.answering(down, corp(peer)) as answering:
        answering.wait_for_first_keys(SOON)
        assert setting.published == ["corp"]
        assert answering.answer(KeysNeeded("down"), SOON) is NEVER_FETCHED
        told = answering.answer(IntrospectionNeeded("down", TOKEN), SOON)
    assert isinstance(told, Unanswered)
    assert sorted(setting.kept.events) == [
        "introspection_fails",
        "issuer_has_no_keys_yet",
        "issuer_keys_fetched",
        "issuer_keys_unreachable",
    ]
    for secret in (TOKEN, SECRET):
        assert secret not in setting.kept.text + repr(told)


def test_after_the_end(setting: Setting) -> None:
    """Who asks a gate that stops is answered, not hung; no connection is left."""
    with HostilePeer(always(as_json({"active": True}))) as peer:
        with setting.answering(corp(peer)) as answering:
            answering.answer(IntrospectionNeeded("corp", TOKEN), SOON)
        told = answering.answer(IntrospectionNeeded("corp", TOKEN), SOON)
    assert told == Unanswered("the gate is stopping")


def test_stop_while_an_issuer_is_asked(setting: Setting) -> None:
    """Who waits is told at once, the question is not asked again, and nothing is said of it."""
    asked, released, told = threading.Event(), threading.Event(), list[object]()

    def held(request: Asked, send: Send) -> bool:
        if request.path == "/jwks":
            return good(request, send)
        asked.set()
        released.wait(30)
        return False

    def wait() -> None:
        told.append(answering.answer(IntrospectionNeeded("corp", TOKEN), SOON))

    with HostilePeer(held) as peer:
        with setting.answering(corp(peer)) as answering:
            answering.wait_for_first_keys(SOON)
            waiter = threading.Thread(target=wait)
            waiter.start()
            assert asked.wait(30)
        released.set()
        waiter.join(30)
    assert told == [Unanswered("the gate is stopping")]
    assert [each.path for each in peer.asked] == ["/jwks", "/introspect"]
    assert setting.kept.events == ["issuer_keys_fetched"]


def test_needs_do_not_show_tokens() -> None:
    """A need may be logged."""
    need, told = IntrospectionNeeded("corp", TOKEN), Introspected({"sub": TOKEN})
    assert TOKEN not in repr(need) + repr(told)
