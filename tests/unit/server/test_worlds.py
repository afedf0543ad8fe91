"""`server.worlds` and `server.asking`: fetched keys stay with what they were fetched for."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from authz.directory.compiled import Issuer, KeysByUrl
from authz.identity.keys import NEVER_FETCHED, IssuerKeys, lasting, read_key_set
from authz.model.needs import IntrospectionNeeded, KeysNeeded, Unanswered
from authz.server.asking import KEPT_SECONDS, Asking
from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld, Nowhere
from authz.sources.answers import Answering
from authz.sources.peer import Outside
from authz.world import World
from tests.support.hostile_peer import HostilePeer, always, answer
from tests.support.keys import jwks
from tests.support.network import Clock, KeptLog, issuer
from tests.support.values import replace

SECONDS = 20.0
NO_TRUST = ssl.create_default_context()
FETCHED = lasting(read_key_set(jwks("a")))
NEWER = lasting(read_key_set(jwks("b")))


@dataclass
class Knows:
    """Somebody who has fetched these keys."""

    keys: Mapping[str, IssuerKeys]

    def answer(self, need: KeysNeeded | IntrospectionNeeded, seconds: float) -> object:
        """Say nothing more."""
        return Unanswered(f"{need} {seconds}")

    def fetched(self) -> Mapping[str, IssuerKeys]:
        """Give them."""
        return self.keys


def at(url: str) -> Issuer:
    """Declare the Issuer corp, whose keys are at *url*."""
    return issuer(url, KeysByUrl(f"{url}/jwks", 600, 3600))


def world_of(decision_point: DecisionPoint, *issuers: Issuer) -> World:
    """Give the worked world with just these issuers, no keys of which are known."""
    world = decision_point.world
    directory = replace(world.directory, issuers={each.name: each for each in issuers})
    return replace(
        world, directory=directory, issuer_keys={each.name: NEVER_FETCHED for each in issuers}
    )


@pytest.fixture
def worlds(decision_point: DecisionPoint) -> CurrentWorld:
    """A world whose issuer corp is at one place."""
    declared = world_of(decision_point, at("https://one.example"))
    return CurrentWorld(declared, decision_point.worlds.now.keys)


def test_published(worlds: CurrentWorld) -> None:
    """Fetched keys are in the next request's world; one that has begun keeps its own."""
    before = worlds.now
    worlds.publish_keys(at("https://one.example"), FETCHED)

    assert worlds.now.world.issuer_keys == {"corp": FETCHED}
    assert before.world.issuer_keys == {"corp": NEVER_FETCHED}


@pytest.mark.parametrize(
    "other", [at("https://two.example"), replace(at("https://one.example"), name="x")]
)
def test_published_for_another_declaration(other: Issuer, worlds: CurrentWorld) -> None:
    """Keys that come late, from where the issuer was before or nowhere, are nobody's."""
    before = worlds.now
    worlds.publish_keys(other, FETCHED)

    assert worlds.now is before


def test_replaced(worlds: CurrentWorld, decision_point: DecisionPoint) -> None:
    """A new world has the keys that were fetched for it until that moment."""
    two = at("https://two.example")
    declared, keys = world_of(decision_point, two), worlds.now.keys
    worlds.replace(declared, keys, Knows({"corp": FETCHED}))
    assert worlds.now.world.issuer_keys == {"corp": FETCHED}

    worlds.publish_keys(two, NEWER)
    assert worlds.now.world.issuer_keys == {"corp": NEWER}
    worlds.publish_keys(at("https://one.example"), FETCHED)
    assert worlds.now.world.issuer_keys == {"corp": NEWER}


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an issuer on a busy machine have answered when somebody looks at its keys."""
    monkeypatch.setattr("authz.server.asking.FIRST_KEYS_SECONDS", SECONDS)


@contextmanager
def asking(worlds: CurrentWorld, folder: Path) -> Iterator[Asking]:
    """Give what opens who asks."""
    with Asking(worlds, folder, Outside(Clock(), NO_TRUST), KeptLog().log) as opened:
        yield opened


def test_asked_anew(worlds: CurrentWorld, decision_point: DecisionPoint, tmp_path: Path) -> None:
    """
    Who has changed is asked before its world is in force; who has not is not asked again.

    Those who asked before answer on, until no Check can come to them any more.
    """
    with (
        HostilePeer(always(answer(jwks("a")))) as one,
        HostilePeer(always(answer(jwks("b")))) as two,
        asking(worlds, tmp_path) as opened,
    ):
        corp = at(one.url())
        first = world_of(decision_point, corp).directory
        before = opened.of(first)
        assert opened.of(first) is before
        assert [key.key_id for key in before.fetched()["corp"].keys.keys] == ["a"]

        other = replace(at(two.url()), name="other")
        after = opened.of(world_of(decision_point, corp, other).directory)
        assert after.fetched()["corp"] is before.fetched()["corp"]
        assert [key.key_id for key in after.fetched()["other"].keys.keys] == ["b"]
        assert len(one.asked) == 1

        assert before.answer(KeysNeeded("corp"), SECONDS) is before.fetched()["corp"]
        opened.close_old(time.monotonic())
        assert before.answer(KeysNeeded("corp"), SECONDS) is before.fetched()["corp"]
        opened.close_old(time.monotonic() + KEPT_SECONDS)
        assert before.answer(KeysNeeded("corp"), SECONDS) == Unanswered("the gate is stopping")
        assert after.answer(KeysNeeded("corp"), SECONDS) is after.fetched()["corp"]


def test_who_asks_stays_where_nobody_else_can(
    worlds: CurrentWorld,
    decision_point: DecisionPoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where those who would ask next cannot be opened, those of before are not given up."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with (
        HostilePeer(always(answer(jwks("a")))) as one,
        asking(worlds, tmp_path) as opened,
    ):
        corp = at(one.url())
        before = opened.of(world_of(decision_point, corp).directory)
        other = world_of(decision_point, corp, replace(corp, name="other")).directory
        with monkeypatch.context() as patched:
            patched.setattr(Answering, "wait_for_first_keys", broken)
            with pytest.raises(ZeroDivisionError):
                opened.of(other)
        opened.close_old(time.monotonic() + KEPT_SECONDS)

        assert before.answer(KeysNeeded("corp"), SECONDS) is before.fetched()["corp"]
        assert opened.of(other) is not before


def test_nobody_is_asked(
    worlds: CurrentWorld, decision_point: DecisionPoint, tmp_path: Path
) -> None:
    """Where no issuer is asked, nobody asks."""
    with asking(worlds, tmp_path) as opened:
        assert isinstance(opened.of(decision_point.world.directory), Nowhere)


def test_closed_though_another_fails(
    worlds: CurrentWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that cannot be closed keeps no other open, and is not tried again and again."""
    closed: list[str] = []

    class Closes(Nowhere):
        """Notes that it is closed, and fails where it is the first."""

        def __init__(self, asked: tuple[Issuer, ...]) -> None:
            self.name = asked[0].url

    def opened_for(
        _asking: Asking, asked: tuple[Issuer, ...], _known: object, opened: ExitStack
    ) -> Closes:
        def close() -> None:
            closed.append(asked[0].url)
            if asked[0].url.endswith("1"):
                raise TimeoutError

        opened.callback(close)
        return Closes(asked)

    monkeypatch.setattr(Asking, "_opened", opened_for)
    urls = [f"https://idp.example/{number}" for number in (1, 2, 3)]
    with asking(worlds, tmp_path) as opened:
        for url in urls:
            opened.of(replace(worlds.now.world.directory, issuers={"corp": at(url)}))
        with pytest.raises(TimeoutError):
            opened.close_old(time.monotonic() + KEPT_SECONDS)

        assert sorted(closed) == urls[:2]
