"""`sources.issuer_keys` and `sources.metadata`: found, kept, renewed, and not asked too often."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from authz.directory.compiled import Issuer, KeysByUrl
from authz.identity.keys import NEVER_FETCHED, NO_KEYS, IssuerKeys
from authz.model.instant import Instant
from authz.sources.issuer_keys import COOL_DOWN, FetchedKeys
from authz.sources.metadata import BELIEVED_SECONDS, places
from authz.sources.peer import Outside, open_peer
from tests.support.hostile_peer import (
    Asked,
    HostilePeer,
    Reply,
    Send,
    always,
    answer,
    as_json,
    by_path,
)
from tests.support.keys import jwks
from tests.support.names import meaning, server_with_certificate_for
from tests.support.network import Clock, KeptLog, issuer

NO_TRUST = ssl.create_default_context()
MAX_AGE, STALE_FOR = 600, 3600
OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"

Work = Callable[[FetchedKeys], Awaitable[None]]


class Setting:
    """One issuer `corp`, what it published to us, and what was logged."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.kept = KeptLog()
        self.published: list[IssuerKeys] = []

    def run(self, issuer: Issuer, work: Work, outside: Outside | None = None) -> None:
        """Run *work* with the keys of *issuer*."""

        async def inside() -> None:
            peer = open_peer(issuer, outside or Outside(self.clock, NO_TRUST), self.kept.log)
            assert isinstance(issuer.keys, KeysByUrl)
            try:
                await work(FetchedKeys(peer, issuer.keys, self.publish))
            finally:
                await peer.exchanges.close()

        asyncio.run(inside())

    def publish(self, keys: IssuerKeys) -> None:
        """Keep what is published."""
        self.published.append(keys)

    def key_ids(self) -> list[list[str | None]]:
        """Give the key ids of each publication."""
        return [[key.key_id for key in each.keys.keys] for each in self.published]


@pytest.fixture
def setting() -> Setting:
    """A setting of one's own."""
    return Setting()


def at(url: str | None) -> KeysByUrl:
    """Give keys at *url*, or by discovery."""
    return KeysByUrl(url, MAX_AGE, STALE_FOR)


async def refresh(keys: FetchedKeys) -> None:
    """Refresh once."""
    await keys.refresh()


@pytest.mark.parametrize(
    ("said", "fresh"),
    [
        ({}, MAX_AGE),
        ({"cache_control": "max-age=120"}, 120),
        ({"cache_control": "max-age=5"}, 60),
        ({"cache_control": "no-store"}, 60),
        ({"cache_control": "max-age=86400"}, MAX_AGE),
        ({"cache_control": "max-age=300", "age": "100"}, 200),
    ],
)
def test_how_long_keys_are_fresh(setting: Setting, said: dict[str, str], fresh: int) -> None:
    """The issuer's word counts between a minute and what the document allows."""
    with HostilePeer(always(as_json(json.loads(jwks("a")), **said))) as peer:
        setting.run(issuer(peer.url(), at(peer.url("/jwks"))), refresh)

    [keys] = setting.published
    now = setting.clock.now
    assert (keys.fresh_until, keys.usable_until) == (now + fresh, now + fresh + STALE_FOR)
    assert [key.key_id for key in keys.at(Instant(now)).keys] == ["a"]
    assert [each.path for each in peer.asked] == ["/jwks"]


@pytest.mark.parametrize(
    ("issuer_url", "first", "second"),
    [
        ("https://as", f"https://as{OPENID}", f"https://as{OAUTH}"),
        ("https://as/", f"https://as{OPENID}", f"https://as{OAUTH}"),
        ("https://as:8443/t/1", f"https://as:8443/t/1{OPENID}", f"https://as:8443{OAUTH}/t/1"),
        ("https://as/t/", f"https://as/t{OPENID}", f"https://as{OAUTH}/t"),
    ],
)
def test_where_metadata_is(issuer_url: str, first: str, second: str) -> None:
    """OpenID appends its path, RFC 8414 inserts its own."""
    assert places(issuer_url) == (first, second)


def publishing(metadata: Callable[[HostilePeer], Reply]) -> HostilePeer:
    """Give a peer whose reply needs to know its own address."""
    peer = HostilePeer(always(b""))
    peer.reply = metadata(peer)
    return peer


@pytest.mark.parametrize("place", ["openid", "oauth"])
def test_discovery(setting: Setting, place: str) -> None:
    """Keys are where the metadata says; where OpenID's is not found, RFC 8414's is asked."""

    def reply(peer: HostilePeer) -> Reply:
        document = as_json({"issuer": peer.url("/t"), "jwks_uri": peer.url("/keys")})
        where = {
            "openid": "_t__well_known_openid_configuration",
            "oauth": "__well_known_oauth_authorization_server_t",
        }
        return by_path(**{where[place]: document, "_keys": answer(jwks("a"))})

    with publishing(reply) as peer:
        setting.run(issuer(peer.url("/t"), at(None)), refresh)
    assert setting.key_ids() == [["a"]]
    asked = [each.path for each in peer.asked]
    assert asked == [f"/t{OPENID}", *([f"{OAUTH}/t"] if place == "oauth" else []), "/keys"]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"issuer": "https://evil.test", "jwks_uri": "{}/keys"}, "names another issuer"),
        ({"issuer": "{}/", "jwks_uri": "{}/keys"}, "names another issuer"),
        ({"jwks_uri": "{}/keys"}, "names another issuer"),
        ([], "no JSON object"),
        ({"issuer": "{}"}, "has no jwks_uri"),
        ({"issuer": "{}", "jwks_uri": ["{}/keys"]}, "has no jwks_uri"),
        ({"issuer": "{}", "jwks_uri": "file:///etc/passwd"}, "its URL is no"),
        ({"issuer": "{}", "jwks_uri": "http://169.254.169.254/keys"}, "its address is private"),
    ],
)
def test_metadata_that_lies(setting: Setting, document: object, why: str) -> None:
    """No key of another issuer, and nothing where we should not go, is fetched."""

    def reply(peer: HostilePeer) -> Reply:
        text = json.dumps(document).replace("{}", peer.url()).encode()
        found = {"__well_known_openid_configuration": answer(text), "_keys": answer(jwks("a"))}
        return by_path(**found)

    with publishing(reply) as peer:
        setting.run(issuer(peer.url(), at(None)), refresh)
    assert setting.published == []
    assert why in setting.kept.text
    assert [each.path for each in peer.asked] == [OPENID]


@pytest.mark.parametrize("status", ["500 No", "403 Forbidden", "302 Found"])
def test_metadata_elsewhere_only_where_it_is_not_found(setting: Setting, status: str) -> None:
    """A first place that fails is not gone round: another answers only where nothing is there."""

    def reply(peer: HostilePeer) -> Reply:
        other = as_json({"issuer": peer.url(), "jwks_uri": peer.url("/keys")})
        found = {"__well_known_oauth_authorization_server": other, "_keys": answer(jwks("a"))}
        return by_path(__well_known_openid_configuration=answer(b"", status), **found)

    with publishing(reply) as peer:
        setting.run(issuer(peer.url(), at(None)), refresh)
    assert setting.published == []
    assert [each.path for each in peer.asked] == [OPENID]


def test_metadata_that_is_ambiguous(setting: Setting) -> None:
    """A member that stands twice is not read as either."""

    def reply(peer: HostilePeer) -> Reply:
        own, other = json.dumps(peer.url()), json.dumps(peer.url("/keys"))
        text = f'{{"issuer": "x", "issuer": {own}, "jwks_uri": {other}}}'
        return always(answer(text.encode()))

    with publishing(reply) as peer:
        setting.run(issuer(peer.url(), at(None)), refresh)
    assert setting.published == []
    assert "cannot be read" in setting.kept.text


def test_metadata_does_not_lead_out_of_tls(setting: Setting, tmp_path: Path) -> None:
    """An issuer that is reached by TLS cannot send us to plain HTTP, in no network."""
    server, trust = server_with_certificate_for("idp.test", tmp_path)
    peer = HostilePeer(always(b""), tls=server)
    url = peer.url(host="idp.test", scheme="https")
    peer.reply = always(as_json({"issuer": url, "jwks_uri": peer.url("/keys")}))
    with peer:
        setting.run(
            issuer(url, at(None)), refresh, Outside(setting.clock, trust, meaning("127.0.0.1"))
        )
    assert "the jwks_uri of its metadata is no https URL" in setting.kept.text
    assert len(peer.asked) == 1


def test_flood_of_unknown_keys_is_one_request(setting: Setting) -> None:
    """A thousand tokens with invented key ids cost one request in a cool-down."""

    async def flood(keys: FetchedKeys) -> None:
        for now in (0, 0, COOL_DOWN - 1):
            setting.clock.now += now
            found = await asyncio.gather(*(keys.refresh() for _ in range(1000)))
            assert {id(each) for each in found} == {id(setting.published[0])}
        assert len(peer.asked) == 1
        setting.clock.now += 1
        await asyncio.gather(*(keys.refresh() for _ in range(1000)))
        assert len(peer.asked) == 2
        setting.clock.now -= 86_400
        await asyncio.gather(*(keys.refresh() for _ in range(1000)))
        assert len(peer.asked) == 3, "a clock that was set back does not stop it"

    with HostilePeer(always(answer(jwks("a")))) as peer:
        setting.run(issuer(peer.url(), at(peer.url("/jwks"))), flood)


def test_who_comes_while_keys_are_fetched(setting: Setting) -> None:
    """A fetch under way is waited for, not taken for one that has just been made in vain."""
    asked, may_answer = threading.Event(), threading.Event()

    def reply(_: Asked, send: Send) -> bool:
        asked.set()
        assert may_answer.wait(10)
        send(answer(jwks("a")))
        return True

    async def late(keys: FetchedKeys) -> None:
        first = asyncio.create_task(keys.refresh())
        assert await asyncio.to_thread(asked.wait, 10)
        second = asyncio.create_task(keys.refresh())
        await asyncio.sleep(0)
        may_answer.set()
        assert [await first, await second] == setting.published * 2

    with HostilePeer(reply) as peer:
        setting.run(issuer(peer.url(), at(peer.url("/jwks"))), late)
    assert len(peer.asked) == 1


def test_flood_while_the_issuer_is_down(setting: Setting) -> None:
    """Failure cools down as success does, and is said once."""

    async def flood(keys: FetchedKeys) -> None:
        for _ in range(3):
            found = await asyncio.gather(*(keys.refresh() for _ in range(1000)))
            assert {id(each) for each in found} == {id(NEVER_FETCHED)}
            setting.clock.now += COOL_DOWN
        assert (keys.fetches.tried, keys.fetches.failed) == (3, 3)

    with HostilePeer(always(answer(b"", "503 Busy"))) as peer:
        setting.run(issuer(peer.url(), at(peer.url("/jwks"))), flood)
    assert len(peer.asked) == 3
    assert setting.kept.events == ["issuer_keys_unreachable"]


def test_rotation(setting: Setting) -> None:
    """A new key is found when a token names it, one that is gone is not kept; changes are said."""
    sets = iter([jwks("a"), jwks("a"), jwks("a", "b"), jwks("b")])

    def reply(_: Asked, send: Send) -> bool:
        send(answer(next(sets)))
        return True

    async def rotate(keys: FetchedKeys) -> None:
        for _ in range(4):
            await keys.refresh()
            setting.clock.now += COOL_DOWN

    with HostilePeer(reply) as peer:
        setting.run(issuer(peer.url(), at(peer.url("/jwks"))), rotate)
    assert setting.key_ids() == [["a"], ["a"], ["a", "b"], ["b"]]
    assert setting.kept.events == ["issuer_keys_fetched"] * 3


def test_a_clock_that_is_set_back(setting: Setting) -> None:
    """Keys do not last the longer for it; they are fetched anew and say something again."""
    before = Instant(setting.clock.now)

    async def set_back(keys: FetchedKeys) -> None:
        await keys.refresh()
        setting.clock.now = Instant(before - 86_400)
        assert keys.current.at(setting.clock.now) is NO_KEYS
        assert not keys.current.are_fresh(setting.clock.now)
        await keys.refresh()
        assert keys.current.are_fresh(setting.clock.now)
        assert not keys.current.at(before).keys

    with HostilePeer(always(answer(jwks("a")))) as peer:
        setting.run(issuer(peer.url(), at(peer.url("/jwks"))), set_back)
    assert setting.key_ids() == [["a"], ["a"]]


BAD = [
    answer(b"", "404 Not Found"),
    answer(b"", "500 Internal Server Error"),
    answer(b"", "302 Found", {"location": "/other"}),
    answer(b"<html>"),
    answer(b'{"keys": [], "keys": []}'),
    answer(b'{"keys": []}'),
    answer(jwks("a").replace(b'"kty"', b'"d": "x", "kty"')),
    answer(jwks("a") + b" " * 300_000),
    b"",
]


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_last_good_keys_stay(setting: Setting, bad: bytes) -> None:
    """What cannot be used changes nothing, and is said once, as is its end."""
    responses = iter([answer(jwks("a")), bad, bad, bad, bad, answer(jwks("b"))])

    def reply(_: Asked, send: Send) -> bool:
        response = next(responses)
        send(response)
        return response != b""

    async def ask(keys: FetchedKeys) -> None:
        good = await keys.refresh()
        # A get that is not answered at all is asked a second time by the library.
        for _ in range(2 if bad == b"" else 4):
            setting.clock.now += COOL_DOWN
            assert await keys.refresh() is good
        setting.clock.now += COOL_DOWN
        await keys.refresh()

    with HostilePeer(reply) as peer:
        setting.run(issuer(peer.url(), at(peer.url("/jwks"))), ask)
    assert setting.key_ids() == [["a"], ["b"]]
    assert setting.kept.events == [
        "issuer_keys_fetched",
        "issuer_keys_unreachable",
        "issuer_keys_fetched",
    ]


def test_metadata_is_asked_for_once_a_while(setting: Setting) -> None:
    """The document is believed for its time, the keys are asked for each time."""

    def reply(peer: HostilePeer) -> Reply:
        document = {"issuer": peer.url(), "jwks_uri": peer.url("/keys")}
        found = {"__well_known_openid_configuration": as_json(document)}
        return by_path(**found, _keys=answer(jwks("a")))

    async def ask(keys: FetchedKeys) -> None:
        for after in (0, BELIEVED_SECONDS - 1, COOL_DOWN):
            setting.clock.now += after
            await keys.refresh()

    with publishing(reply) as peer:
        setting.run(issuer(peer.url(), at(None)), ask)
    paths = [each.path for each in peer.asked]
    assert paths == [OPENID, "/keys", "/keys", OPENID, "/keys"]


def test_fetched_again_before_they_are_old(setting: Setting) -> None:
    """In the background, after most of the time that keys are fresh, and soon after a failure."""
    responses = iter([answer(jwks("a")), answer(b"", "500 No"), answer(jwks("a"))])
    pauses: list[float] = []

    def reply(_: Asked, send: Send) -> bool:
        send(next(responses))
        return True

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        setting.clock.now += int(seconds)
        if len(pauses) == 3:
            raise asyncio.CancelledError

    async def live(keys: FetchedKeys) -> None:
        with pytest.raises(asyncio.CancelledError):
            await keys.stay_fresh(pause)

    with HostilePeer(reply) as peer:
        setting.run(issuer(peer.url(), at(peer.url("/jwks"))), live)
    first, failed, again = pauses
    assert MAX_AGE * 0.75 <= first <= MAX_AGE * 0.9
    assert COOL_DOWN <= failed <= COOL_DOWN * 1.5
    assert MAX_AGE * 0.75 <= again <= MAX_AGE * 0.9


def test_fault_of_who_takes_the_keys(setting: Setting) -> None:
    """An error of ours is logged by its type, and does not end the fetching."""

    def broken(keys: IssuerKeys) -> None:
        raise ZeroDivisionError(str(keys))

    async def ask(keys: FetchedKeys) -> None:
        keys._publish = broken
        await keys.refresh()
        setting.clock.now += COOL_DOWN
        keys._publish = setting.publish
        await keys.refresh()

    with HostilePeer(always(answer(jwks("a")))) as peer:
        setting.run(issuer(peer.url(), at(peer.url("/jwks"))), ask)
    assert setting.key_ids() == [["a"]]
    assert setting.kept.events == ["fault", "issuer_keys_unreachable", "issuer_keys_fetched"]
