"""`sources.introspection`: asked as RFC 7662 says, once, and believed no longer than it may be."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import ssl
import threading
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import pytest

from authz.directory.compiled import Introspection, KeyFile
from authz.model.instant import LATEST
from authz.model.needs import Inactive, Introspected, Unanswered
from authz.sources import introspection as room
from authz.sources.introspection import (
    INACTIVE_SECONDS,
    MAX_KEPT,
    MAX_UNDER_WAY,
    OpaqueTokens,
    Told,
    expiry,
    read_answer,
)
from authz.sources.peer import Outside, open_peer
from tests.support.hostile_peer import Asked, HostilePeer, Send, always, answer, as_json
from tests.support.network import Clock, KeptLog, issuer

NO_TRUST = ssl.create_default_context()
TOKEN = "opaque-token-that-nobody-may-see"
SECRET = "s3cr%t+with/all:of it"
MAX_AGE = 30


class Setting:
    """An issuer that introspects, with our secret in a file."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.kept = KeptLog()
        self.folder = folder
        self.secret = folder / "secret"
        self.secret.write_text(f"{SECRET}\n")

    def run(
        self,
        peer: HostilePeer,
        work: Callable[[OpaqueTokens], Awaitable[Any]],
        max_age: int = MAX_AGE,
        path: str | None = "/introspect",
    ) -> Any:
        """Run *work*; without *path* the endpoint is discovered."""
        url = None if path is None else peer.url(path)
        introspection = Introspection(url, "gate:client", "secret", max_age)
        document = issuer(peer.url(), KeyFile("keys.json"), introspection)

        async def inside() -> Any:
            opened = open_peer(document, Outside(self.clock, NO_TRUST), self.kept.log)
            try:
                return await work(OpaqueTokens(opened, introspection, self.folder))
            finally:
                await opened.exchanges.close()

        return asyncio.run(inside())


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    """A setting of one's own."""
    return Setting(tmp_path)


async def ask(tokens: OpaqueTokens) -> Told:
    """Ask once."""
    return await tokens.ask(TOKEN)


def test_question(setting: Setting) -> None:
    """The token is in the form; our credential is encoded before it is joined (RFC 6749 2.3.1)."""
    with HostilePeer(always(as_json({"active": True, "sub": "alice", "exp": 1.5}))) as peer:
        told = setting.run(peer, ask)

    assert told == Introspected({"active": True, "sub": "alice", "exp": Decimal("1.5")})
    [asked] = peer.asked
    assert asked.line == "POST /introspect HTTP/1.1"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked.body.decode()) == {"token": [TOKEN]}
    kind, _, credential = asked.headers["authorization"].partition(" ")
    halves = base64.b64decode(credential, validate=True).decode().split(":")
    assert [kind, *map(unquote_plus, halves)] == ["Basic", "gate:client", SECRET]


def test_endpoint_by_discovery(setting: Setting) -> None:
    """Where the document names no URL, the issuer's metadata does."""
    peer = HostilePeer(always(b""))

    def reply(asked: Asked, send: Send) -> bool:
        metadata = {"issuer": peer.url(), "introspection_endpoint": peer.url("/there")}
        send(as_json(metadata if "well-known" in asked.path else {"active": False}))
        return True

    peer.reply = reply
    with peer:
        assert setting.run(peer, ask, path=None) == Inactive()
    assert [each.line.split()[0] for each in peer.asked] == ["GET", "POST"]
    assert "authorization" not in peer.asked[0].headers


@pytest.mark.parametrize(
    "response",
    [
        answer(b"", "401 Unauthorized"),
        answer(b"", "500 Internal Server Error"),
        answer(b"", "307 Temporary Redirect", {"location": "/elsewhere"}),
        answer(TOKEN.encode()),
        answer(b"[]"),
        answer(b"{}"),
        answer(b'{"active": "true"}'),
        answer(b'{"active": 1}'),
        answer(b'{"active": null}'),
        answer(b'{"active": false, "active": true}'),
        answer(b'{"active": true, "Active": false}'),
        answer(b'{"active": true, "pad": "' + b"x" * 70_000 + b'"}'),
        answer(b'{"active": true}', headers={"content-encoding": "gzip"}),
    ],
    ids=lambda each: each[-30:].decode(errors="replace"),
)
def test_no_answer_is_no_answer(setting: Setting, response: bytes) -> None:
    """Nothing but a literal true or false says anything; what says nothing is asked again."""

    async def twice(tokens: OpaqueTokens) -> list[Told]:
        return [await tokens.ask(TOKEN), await tokens.ask(TOKEN)]

    with HostilePeer(always(response)) as peer:
        told = setting.run(peer, twice)

    assert all(isinstance(each, Unanswered) for each in told)
    assert len(peer.asked) == 2
    assert setting.kept.events == ["introspection_fails"]
    for text in (setting.kept.text, repr(told)):
        assert TOKEN not in text
        assert SECRET not in text


def test_issuer_that_answers_again(setting: Setting) -> None:
    """Failing and answering again are said once each."""
    responses = iter([answer(b"", "500 No"), as_json({"active": False})])

    def reply(_: Asked, send: Send) -> bool:
        send(next(responses))
        return True

    async def twice(tokens: OpaqueTokens) -> list[Told]:
        return [await tokens.ask(TOKEN), await tokens.ask(TOKEN)]

    with HostilePeer(reply) as peer:
        told = setting.run(peer, twice)
    assert [type(each) for each in told] == [Unanswered, Inactive]
    assert setting.kept.events == ["introspection_fails", "introspection_answers"]


NOW = Clock().now


@pytest.mark.parametrize(
    ("said", "max_age", "believed"),
    [
        ({"active": True}, 30, 30),
        ({"active": True, "exp": NOW + 10}, 30, 10),
        ({"active": True, "exp": NOW + 10.9}, 30, 10),
        ({"active": True, "exp": NOW + 3600}, 30, 30),
        ({"active": True, "exp": 1e300}, 30, 30),
        ({"active": True, "exp": NOW}, 30, 0),
        ({"active": True, "exp": NOW - 10}, 30, 0),
        ({"active": True, "exp": -1e300}, 30, 0),
        ({"active": True, "exp": "soon"}, 30, 0),
        ({"active": True, "exp": True}, 30, 0),
        ({"active": True}, 0, 0),
        ({"active": False}, 30, INACTIVE_SECONDS),
        ({"active": False}, 2, 2),
        ({"active": False}, 0, 0),
    ],
)
def test_how_long_an_answer_is_believed(
    setting: Setting, said: dict[str, Any], max_age: int, believed: int
) -> None:
    """No longer than the document allows and the token lasts; a no only for seconds."""

    async def count(tokens: OpaqueTokens) -> None:
        first = await tokens.ask(TOKEN)
        setting.clock.now = NOW + max(0, believed - 1)
        assert await tokens.ask(TOKEN) == first
        assert len(peer.asked) == (1 if believed else 2)
        setting.clock.now = NOW + believed
        peer.asked.clear()
        await tokens.ask(TOKEN)
        assert len(peer.asked) == 1

    with HostilePeer(always(as_json(said))) as peer:
        setting.run(peer, count, max_age)


@pytest.mark.parametrize("exp", ["1e999999999", "-1e999999999", "1e-999999999", "9" * 4000])
def test_expiry_that_is_hard_to_count(exp: str) -> None:
    """A number of any size is a time at once, within those that we can write."""
    told = read_answer(f'{{"active": true, "exp": {exp}}}'.encode())
    assert isinstance(told, Introspected)
    assert 0 <= expiry(told.members, Clock()()) <= LATEST


def test_a_slow_answer_is_as_old_as_its_question(setting: Setting) -> None:
    """Time that the issuer takes is not added to the time that it is believed."""

    def reply(_: Asked, send: Send) -> bool:
        setting.clock.now += 20
        send(as_json({"active": True}))
        return True

    async def thrice(tokens: OpaqueTokens) -> None:
        await tokens.ask(TOKEN)
        setting.clock.now = NOW + MAX_AGE - 1
        await tokens.ask(TOKEN)
        assert len(peer.asked) == 1
        setting.clock.now = NOW + MAX_AGE
        await tokens.ask(TOKEN)
        assert len(peer.asked) == 2

    with HostilePeer(reply) as peer:
        setting.run(peer, thrice)


def test_tokens_are_told_apart(setting: Setting) -> None:
    """Each token has its own answer."""

    def reply(asked: Asked, send: Send) -> bool:
        send(as_json({"active": True, "sub": parse_qs(asked.body.decode())["token"][0]}))
        return True

    async def several(tokens: OpaqueTokens) -> list[Any]:
        asked = ["a", "b", "a", "b", "c&token=d", "\N{SNOWMAN}"]
        return [(await tokens.ask(each)).members["sub"] for each in asked]  # type: ignore[union-attr]

    with HostilePeer(reply) as peer:
        found = setting.run(peer, several)
    assert found == ["a", "b", "a", "b", "c&token=d", "\N{SNOWMAN}"]
    assert len(peer.asked) == 4


class Held:
    """Answers `active: true` to nobody until released."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def __call__(self, _: Asked, send: Send) -> bool:
        """Wait, then answer."""
        assert self.release.wait(30)
        send(as_json({"active": True}))
        return True


def test_one_question_at_a_time(setting: Setting) -> None:
    """A hundred who ask about one token are one request."""
    held = Held()

    async def crowd(tokens: OpaqueTokens) -> list[Told]:
        waiting = [asyncio.create_task(tokens.ask(TOKEN)) for _ in range(100)]
        await asyncio.sleep(0)
        held.release.set()
        return await asyncio.gather(*waiting)

    with HostilePeer(held) as peer:
        told = setting.run(peer, crowd, max_age=0)
    assert told == [Introspected({"active": True})] * 100
    assert len(peer.asked) == 1


def test_so_many_questions_at_once(setting: Setting) -> None:
    """Who comes when too many are under way is told so at once, but may join one of them."""
    held = Held()

    async def crowd(tokens: OpaqueTokens) -> tuple[Told, list[Told]]:
        waiting = [asyncio.create_task(tokens.ask(str(each))) for each in range(MAX_UNDER_WAY)]
        await asyncio.sleep(0)
        beyond = await tokens.ask("one more")
        waiting.append(asyncio.create_task(tokens.ask("0")))
        await asyncio.sleep(0)
        held.release.set()
        return beyond, await asyncio.gather(*waiting)

    with HostilePeer(held) as peer:
        beyond, told = setting.run(peer, crowd)
    assert beyond == Unanswered("too many questions to the issuer are under way")
    assert told == [Introspected({"active": True})] * (MAX_UNDER_WAY + 1)
    assert len(peer.asked) == MAX_UNDER_WAY


def test_answers_are_bounded(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many tokens do not fill the memory, and are kept by their digest alone."""
    monkeypatch.setattr(room, "MAX_ENTRIES", 3)

    async def many(tokens: OpaqueTokens) -> tuple[int, set[str]]:
        for each in range(10):
            await tokens.ask(str(each))
        cache = tokens._believed._cache
        return await cache.raw("__len__"), set(await cache.raw("keys"))

    with HostilePeer(always(as_json({"active": True}))) as peer:
        entries, keys = setting.run(peer, many)
    assert entries == 3
    assert keys == {hashlib.sha256(each.encode()).hexdigest() for each in "789"}


def test_room_of_an_answer_is_bounded(setting: Setting) -> None:
    """A kept answer takes the room of its bytes, whatever it holds; a very long one is not kept."""
    held = json.dumps({"active": True, "x": [{}] * 2000}).encode()
    rows = {"short": held, "long": held + b" " * MAX_KEPT}
    assert len(held) <= MAX_KEPT

    def reply(asked: Asked, send: Send) -> bool:
        send(answer(rows[parse_qs(asked.body.decode())["token"][0]]))
        return True

    async def twice(tokens: OpaqueTokens) -> list[object]:
        for each in ("short", "long", "short", "long"):
            assert await tokens.ask(each) == read_answer(held)
        cache = tokens._believed._cache
        keys = await cache.raw("keys")
        return [(await cache.get(key)).answer for key in keys]

    with HostilePeer(reply) as peer:
        kept = setting.run(peer, twice)
    assert kept == [held]
    assert len(peer.asked) == 3


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.unlink(),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"\n"),
        lambda file: file.write_bytes(b"x" * 5000),
        lambda file: file.write_bytes(SECRET.encode() + b"\xff"),
        lambda file: (file.unlink(), file.mkdir()),
    ],
    ids=["missing", "empty", "blank", "long", "binary", "folder"],
)
def test_secret_that_cannot_be_used(setting: Setting, spoil: Callable[[Path], object]) -> None:
    """Without our secret nobody is asked; it is read again the next time."""
    spoil(setting.secret)
    with HostilePeer(always(as_json({"active": True}))) as peer:
        told = setting.run(peer, ask)
    assert isinstance(told, Unanswered)
    assert "the file with our secret cannot be used" in told.why
    assert peer.connections == 0
    assert SECRET not in told.why + setting.kept.text


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_secret_is_read_at_each_use(setting: Setting, ending: str) -> None:
    """A secret that is replaced counts at once; one line break at its end is not part of it."""

    async def twice(tokens: OpaqueTokens) -> None:
        await tokens.ask(TOKEN)
        setting.secret.write_bytes(f" new {ending}".encode())
        await tokens.ask(TOKEN)

    with HostilePeer(always(as_json({"active": True}))) as peer:
        setting.run(peer, twice, max_age=0)
    sent = [base64.b64decode(each.headers["authorization"].split()[1]) for each in peer.asked]
    assert [unquote_plus(each.decode().split(":")[1]) for each in sent] == [SECRET, " new "]


def test_nothing_is_told_of_token_or_secret(setting: Setting) -> None:
    """No exception on the way holds token or secret, not even as what it came from."""
    with HostilePeer(always(answer(b"", "500 No"))) as peer:

        async def fail(tokens: OpaqueTokens) -> BaseException:
            with pytest.raises(Exception, match="status 500") as failed:
                await tokens._exchange(TOKEN)
            return failed.value

        error: BaseException | None = setting.run(peer, fail)
    while error is not None:
        told = repr(error) + str(error) + json.dumps(vars(error), default=repr)
        assert TOKEN not in told
        assert SECRET not in told
        error = error.__context__
