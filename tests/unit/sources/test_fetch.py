"""`sources.fetch`: whoever answers, the exchange is bounded, and reaches nobody else."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest

from authz.sources import fetch
from authz.sources.addresses import LookUp, anywhere_public_or, is_public, look_up, only
from authz.sources.fetch import Exchanges, Fetched, FetchFailed
from tests.support.hostile_peer import Asked, HostilePeer, Send, always, answer
from tests.support.names import meaning, server_with_certificate_for

LOOPBACK = ("127.0.0.0/8", "::1/128")
LIMIT = 1000
NO_TRUST = ssl.create_default_context()
TWICE = b"HTTP/1.1 200 OK\r\ncontent-encoding: identity\r\ncontent-encoding: br\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def with_exchanges(
    work: Callable[[Exchanges], Awaitable[Fetched]],
    networks: Sequence[str] = LOOPBACK,
    trust: ssl.SSLContext = NO_TRUST,
    names: LookUp = look_up,
) -> Fetched:
    """Run *work* with exchanges of its own, and close them."""

    async def run() -> Fetched:
        exchanges = Exchanges([ip_network(each) for each in networks], trust, names)
        try:
            return await work(exchanges)
        finally:
            await exchanges.close()

    return asyncio.run(run())


def get(
    url: str,
    networks: Sequence[str] = LOOPBACK,
    trust: ssl.SSLContext = NO_TRUST,
    names: LookUp = look_up,
) -> Fetched:
    """Get *url*."""
    return with_exchanges(lambda each: each.get(url, LIMIT), networks, trust, names)


@pytest.mark.parametrize(
    ("said", "max_age"),
    [
        ({}, None),
        ({"cache-control": "public, max-age=300"}, 300),
        ({"cache-control": 'Max-Age="300"'}, 300),
        ({"cache-control": "max-age=300", "age": "100"}, 200),
        ({"cache-control": "max-age=300", "age": "500"}, 0),
        ({"cache-control": "max-age=300", "age": "soon"}, 300),
        ({"cache-control": "max-age=300, no-store"}, 0),
        ({"cache-control": "no-cache"}, 0),
        ({"cache-control": "max-age=-1"}, None),
        ({"cache-control": "max-age=99999999999999999999"}, 9_999_999_999),
    ],
)
def test_answer_and_how_long_it_stays_true(said: dict[str, str], max_age: int | None) -> None:
    """A plain answer is its bytes and what cache-control and age say together."""
    with HostilePeer(always(answer(b"{}", headers=said))) as peer:
        assert get(peer.url("/a?b=c")) == Fetched(b"{}", max_age)
    [asked] = peer.asked
    assert asked.path == "/a?b=c"
    assert asked.headers == {
        "host": f"127.0.0.1:{peer.port}",
        "accept": "application/json, */*;q=0.1",
        "accept-encoding": "identity",
        "user-agent": "narrowgate",
    }


def test_url_is_asked_for_as_it_is_written() -> None:
    """A path is not spelt anew: to who answers, that may be another."""
    with HostilePeer(always(answer(b"{}"))) as peer:
        get(peer.url("/a%7Eb%2fc/../d?x=%41+%20"))
    assert [each.path for each in peer.asked] == ["/a%7Eb%2fc/../d?x=%41+%20"]


def test_body_is_not_shown() -> None:
    """What came back may say who somebody is, so it is in no representation."""
    assert repr(Fetched(b"alice", 60)) == "Fetched(max_age=60)"


def test_connections_are_kept() -> None:
    """Two questions go over one connection."""

    async def twice(exchanges: Exchanges) -> Fetched:
        await exchanges.get(peer.url(), LIMIT)
        return await exchanges.get(peer.url(), LIMIT)

    with HostilePeer(always(answer(b"{}"))) as peer:
        with_exchanges(twice)
    assert [each.connection for each in peer.asked] == [1, 1]


def test_question_over_a_connection_that_was_closed() -> None:
    """A kept connection that ends without an answer makes a post come twice, no oftener."""

    def reply(asked: Asked, send: Send) -> bool:
        if len(peer.asked) == 2:
            return False
        send(answer(asked.body))
        return True

    async def twice(exchanges: Exchanges) -> Fetched:
        await exchanges.post(peer.url(), LIMIT, {"token": "a"}, {})
        return await exchanges.post(peer.url(), LIMIT, {"token": "b&c=d"}, {})

    with HostilePeer(reply) as peer:
        assert with_exchanges(twice).body == b"token=b%26c%3Dd"
    assert [each.connection for each in peer.asked] == [1, 1, 2]


def hanging_up(_: Asked, send: Send) -> bool:
    """Send nothing, and end the connection."""
    del send
    return False


@pytest.mark.parametrize(
    "ask",
    [
        lambda exchanges, url: exchanges.get(url, LIMIT),
        lambda exchanges, url: exchanges.post(url, LIMIT, {}, {}),
    ],
    ids=["get", "post"],
)
def test_nobody_is_asked_a_third_time(ask: Callable[[Exchanges, str], Awaitable[Fetched]]) -> None:
    """Who hangs up on every question is asked twice, whoever of us and the library repeats it."""
    why = "the exchange broke: ServerDisconnectedError"
    with HostilePeer(hanging_up) as peer, pytest.raises(FetchFailed, match=why):
        with_exchanges(lambda exchanges: ask(exchanges, peer.url()))
    assert len(peer.asked) == 2


@pytest.mark.parametrize(
    ("response", "why"),
    [
        (answer(b"x" * (LIMIT + 1)), "longer than 1000 bytes"),
        (CHUNKED + (b"100\r\n" + b"x" * 256 + b"\r\n") * 5, "longer than 1000 bytes"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000, "longer than 1000 bytes"),
        (answer(b"", "302 Found", {"location": "/other"}), "redirects, which is not followed"),
        (answer(b"", "307 Temporary Redirect", {"location": "/other"}), "status 307"),
        (answer(b"", "404 Not Found"), "status 404"),
        (answer(b"", "500 Internal Server Error"), "status 500"),
        (answer(b"", "204 No Content"), "status 204"),
        (answer(gzip.compress(b"{}"), headers={"content-encoding": "gzip"}), "is packed"),
        (answer(b"{}", headers={"content-encoding": "identity, br"}), "is packed"),
        (TWICE, "is packed"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n", "longer than 1000 bytes"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\nx: " + b"y" * 20_000, "the exchange broke"),
        (b"no http at all\r\n\r\n", "the exchange broke"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_answers_that_are_none(response: bytes, why: str) -> None:
    """What is too long, packed, elsewhere or broken is a failure, told in our own words."""

    def reply(_: Asked, send: Send) -> bool:
        send(response)
        return b"content-length" in response or b"chunked" in response

    with HostilePeer(reply) as peer, pytest.raises(FetchFailed, match=why):
        get(peer.url())
    assert {each.path for each in peer.asked} == {"/"}


def test_closed() -> None:
    """Who asks after the end is told so in the same words as for every failure."""

    async def late(exchanges: Exchanges) -> Fetched:
        await exchanges.close()
        return await exchanges.get(peer.url(), LIMIT)

    with HostilePeer(always(answer(b"{}"))) as peer, pytest.raises(FetchFailed, match="closed"):
        with_exchanges(late)


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (204, "it answers"),
        (300, "it redirects, which is not followed"),
        (399, "it redirects, which is not followed"),
        (400, "it answers"),
        (404, "it answers"),
    ],
)
def test_status_is_told_apart(status: int, what: str) -> None:
    """A caller can tell which status it was, and the message says so and no more."""
    response = answer(b"", f"{status} Quoted By Nobody")
    with HostilePeer(always(response)) as peer, pytest.raises(FetchFailed) as failed:
        get(peer.url())
    assert failed.value.status == status
    assert str(failed.value) == f"{what} (status {status})"


def test_connection_with_an_unread_answer() -> None:
    """What was left unread is not taken for the answer to the next question."""
    responses = iter(
        [answer(b"", "500 No") + answer(b"smuggled"), answer(b"x" * 5000), answer(b"{}")]
    )

    def reply(_: Asked, send: Send) -> bool:
        send(next(responses))
        return True

    async def thrice(exchanges: Exchanges) -> Fetched:
        for _ in range(2):
            with pytest.raises(FetchFailed):
                await exchanges.get(peer.url(), LIMIT)
        return await exchanges.get(peer.url(), LIMIT)

    with HostilePeer(reply) as peer:
        assert with_exchanges(thrice).body == b"{}"


def test_answer_that_nobody_asked_for() -> None:
    """What comes while a connection rests is not taken for the answer to the next question."""
    rests, sent = threading.Event(), threading.Event()

    def reply(asked: Asked, send: Send) -> bool:
        send(answer(b"first"))
        if asked.connection == 1:
            assert rests.wait(30)
            send(answer(b"unasked"))
            sent.set()
        return True

    async def twice(exchanges: Exchanges) -> Fetched:
        await exchanges.get(peer.url(), LIMIT)
        rests.set()
        assert await asyncio.to_thread(sent.wait, 30)
        return await exchanges.get(peer.url(), LIMIT)

    with HostilePeer(reply) as peer:
        assert with_exchanges(twice).body == b"first"
    assert [each.connection for each in peer.asked] == [1, 2]


def test_endless_answer_is_cut_off() -> None:
    """A server that never stops sending is left after the limit, not after the memory."""
    sent = 0

    def reply(_: Asked, send: Send) -> bool:
        nonlocal sent
        send(b"HTTP/1.1 200 OK\r\n\r\n")
        while not peer.closing.is_set():
            send(b"x" * 65_536)
            sent += 65_536
        return False

    with HostilePeer(reply) as peer, pytest.raises(FetchFailed, match="longer than"):
        get(peer.url())
    assert sent < 64 * 1024 * 1024


def silent(_: Asked, send: Send) -> bool:
    """Send no headers; the connection ends with the server."""
    del send
    return True


def trickling(_: Asked, send: Send) -> bool:
    """Send a part of what was promised."""
    send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx")
    return True


@pytest.mark.parametrize("reply", [silent, trickling])
def test_slow_answer(reply: Callable[[Asked, Send], bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers that never come, and a body that does not end, are waited for a bounded time."""
    monkeypatch.setattr(fetch, "SECONDS", 0.1)
    with HostilePeer(reply) as peer, pytest.raises(FetchFailed, match="no answer within"):
        get(peer.url())


def test_name_that_is_never_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking a name up is within the same bound."""
    monkeypatch.setattr(fetch, "SECONDS", 0.1)

    async def never(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
        await asyncio.Event().wait()
        raise AssertionError((host, port))

    with pytest.raises(FetchFailed, match="no answer within"):
        get("https://idp.test/", names=never)


def test_unknown_name() -> None:
    """A name that nobody knows."""

    async def unknown(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
        raise socket.gaierror(f"{host}:{port}")

    with pytest.raises(FetchFailed, match="its name is not found"):
        get("https://idp.test/", names=unknown)


def test_reset() -> None:
    """A connection that is torn down."""

    def reply(_: Asked, send: Send) -> bool:
        send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx")
        return False

    with HostilePeer(reply) as peer, pytest.raises(FetchFailed, match="the exchange broke"):
        get(peer.url())


def test_nobody_listens() -> None:
    """A port that is closed."""
    with HostilePeer(silent) as peer:
        url = peer.url()
    with pytest.raises(FetchFailed, match="the exchange broke"):
        get(url)


REFUSED = "its address is private, or TLS is missing"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_private_address_that_is_not_declared(scheme: str, host: str) -> None:
    """Loopback is not connected to, by whatever name, unless the Issuer lists it."""
    with HostilePeer(always(answer(b"{}"))) as peer:
        for networks in [[], ["10.0.0.0/8", "fd00::/8"]]:
            with pytest.raises(FetchFailed, match=REFUSED):
                get(peer.url(host=host, scheme=scheme), networks)
    assert peer.connections == 0


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0177.0.0.1", "0x7f.1"])
def test_loopback_spelt_otherwise(host: str) -> None:
    """Spellings that only some readers take for loopback are no addresses here."""
    with HostilePeer(always(answer(b"{}"))) as peer, pytest.raises(FetchFailed):
        get(peer.url(host=host), ["10.0.0.0/8"])
    assert peer.connections == 0


def test_declared_address() -> None:
    """IPv6 loopback is reached where it is listed."""
    with HostilePeer(always(answer(b"{}")), host="::1") as peer:
        assert get(peer.url(), ["::1/128"]).body == b"{}"


@pytest.mark.parametrize(
    "addresses",
    [("8.8.8.8", "127.0.0.1"), ("127.0.0.1", "8.8.8.8"), ("2606:4700::1111", "10.0.0.1")],
)
def test_name_that_means_both(addresses: tuple[str, ...]) -> None:
    """A name with one refused address is refused whole, and nobody is connected to."""
    with HostilePeer(always(answer(b"{}"))) as peer, pytest.raises(FetchFailed, match=REFUSED):
        get(peer.url(host="idp.test", scheme="https"), [], names=meaning(*addresses))
    assert peer.connections == 0


def test_no_tls_to_a_public_address() -> None:
    """Without TLS nobody is asked outside of the listed networks."""
    with pytest.raises(FetchFailed, match=REFUSED):
        get("http://idp.test/", ["10.0.0.0/8"], names=meaning("8.8.8.8"))


def test_name_is_looked_up_once() -> None:
    """What a name means the second time is not asked, so it cannot be something else."""
    meanings = iter(["127.0.0.1", "169.254.169.254"])
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[tuple[socket.AddressFamily, str]]:
        asked.append(host)
        return await meaning(next(meanings))(host, port)

    with HostilePeer(always(answer(b"{}"))) as peer:
        assert get(peer.url(host="idp.test"), names=rebinding).body == b"{}"
    assert asked == ["idp.test"]
    assert peer.asked[0].headers["host"] == f"idp.test:{peer.port}"


@pytest.mark.parametrize("host", ["IDP.test", "idp.TEST"])
def test_host_in_capitals(host: str) -> None:
    """The case of a host means nothing (RFC 3986 section 3.2.2), so it is asked all the same."""
    with HostilePeer(always(answer(b"{}"))) as peer:
        assert get(peer.url(host=host), names=meaning("127.0.0.1")).body == b"{}"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "idp.test/keys",
        "/keys",
        "ftp://idp.test/",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@idp.test/",
        "https://user@idp.test/",
        "https://:secret@idp.test/",
        "https://[]@idp.test/",
        "https://[]@/",
        "https://idp.test/#part",
        "https://idp.test/\nkeys",
        "https://idp.test/ keys",
        "https://idp.test:99999/",
        "https://[::1/",
        "https://idp.tést/",
        "https://idp.test\\@evil.test/",
    ],
)
def test_urls_that_are_not_asked(url: str) -> None:
    """A URL that could be read in two ways, or is none, is asked of nobody."""
    with pytest.raises(FetchFailed, match="its URL") as failed:
        get(url, names=meaning("127.0.0.1"))
    assert "secret" not in repr(failed.value)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.0.0.8", False),
        ("192.0.2.1", False),
        ("192.88.99.1", False),
        ("192.168.0.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("239.255.255.255", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::ffff:8.8.8.8", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b:1::808:808", False),
        ("100::1", False),
        ("2001::1", False),
        ("2001:db8::1", False),
        ("2002:7f00:1::", False),
        ("3fff::1", False),
        ("fc00::1", False),
        ("fd00::1", False),
        ("fe80::1", False),
        ("fe80::1%lo", False),
        ("fec0::1", False),
        ("ff02::1", False),
    ],
)
def test_what_is_public(address: str, public: bool) -> None:  # noqa: FBT001 - a column of the table
    """Public is what the whole world routes to one host; all else must be listed."""
    assert is_public(ip_address(address)) is public


@pytest.mark.parametrize(
    ("address", "by_tls", "in_the_clear"),
    [
        ("8.8.8.8", True, False),
        ("2606:4700::1111", True, False),
        ("10.1.2.3", True, True),
        ("10.2.0.0", False, False),
        ("fd00::1", True, True),
        ("::1", False, False),
    ],
)
def test_rules(address: str, by_tls: object, in_the_clear: object) -> None:
    """By TLS what is public or listed is reached, in the clear what is listed alone."""
    networks = [ip_network("10.1.0.0/16"), ip_network("fd00::/8")]

    assert anywhere_public_or(networks)(ip_address(address)) is by_tls
    assert only(networks)(ip_address(address)) is in_the_clear


def test_what_versions_of_the_library_disagree_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a newer or older library takes for public is not, where the table says so."""
    for kind in (IPv4Address, IPv6Address):
        monkeypatch.setattr(kind, "is_global", True)
    for address in ("192.0.0.9", "192.88.99.1", "2001::1", "2001:1::1", "2002::1", "3fff::1"):
        assert not is_public(ip_address(address)), address
    assert is_public(ip_address("2606:4700::1111"))


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would be who is really connected to."""
    with HostilePeer(always(answer(b"proxy"))) as proxy, HostilePeer(always(answer(b"{}"))) as peer:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        assert get(peer.url()).body == b"{}"
    assert proxy.connections == 0


def test_certificates(tmp_path: Path) -> None:
    """TLS is with who was meant: a trusted certificate for the name that was asked for."""
    server, trusting = server_with_certificate_for("idp.test", tmp_path)
    with HostilePeer(always(answer(b"{}")), tls=server) as peer:
        url = peer.url(host="idp.test", scheme="https")
        names = meaning("127.0.0.1")
        assert get(url, trust=trusting, names=names).body == b"{}"
        with pytest.raises(FetchFailed, match="certificate is not trusted"):
            get(url, names=names)
        with pytest.raises(FetchFailed, match="certificate is not trusted"):
            get(peer.url(host="evil.test", scheme="https"), trust=trusting, names=names)
    assert len(peer.asked) == 1
