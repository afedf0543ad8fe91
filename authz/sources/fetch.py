"""One HTTP exchange with somebody who may be hostile: bounded in time, size and reach.

What comes back is bytes that somebody else wrote; what fails is told in words
of ours, because the words of libraries quote URLs, headers and answers.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    ServerDisconnectedError,
    TCPConnector,
)
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from authz.sources.addresses import (
    AddressRefused,
    CheckedResolver,
    LookUp,
    Network,
    Rule,
    anywhere_public_or,
    checked_sockets,
    look_up,
    only,
)

SECONDS = 5.0
"""For one exchange: looking the name up, connecting and reading together."""

CONNECTIONS = 40
"""At once, to one issuer; more than the questions about tokens, so that keys are not kept back."""

KEEP_IDLE = 15.0
"""Seconds; a connection that rests longer is closed."""

OK = 200
NO_URL = "its URL is no http or https URL that could be asked"
_HEADERS = {
    "accept": "application/json, */*;q=0.1",
    # A few bytes that unpack to gigabytes are no answer.
    "accept-encoding": "identity",
    "user-agent": "narrowgate",
}
_MAX_AGE = re.compile(r"max-age=\"?([0-9]{1,10})\"?", re.IGNORECASE)
_NEVER_KEPT = re.compile(r"no-store|no-cache", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]{1,10}")


class FetchFailed(Exception):
    """There is no answer that could be used; the message quotes nothing that others wrote."""

    def __init__(self, why: str, status: int | None = None) -> None:
        """Say *why*; *status* is the HTTP status where that is what is wrong."""
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Fetched:
    """The body of an answer with status 200."""

    body: bytes = field(repr=False)
    max_age: int | None
    """Seconds for which it stays true as far as it says so (RFC 9111); 0: not at all."""


class Exchanges:
    """
    HTTP with one issuer; connections are kept and belong to its rules alone.

    To be made, used and closed within one running event loop.
    """

    def __init__(
        self,
        private_networks: Sequence[Network],
        trust: ssl.SSLContext,
        look_up: LookUp = look_up,
    ) -> None:
        """
        Open no connection yet.

        Args:
            private_networks: Where addresses may be private, and only where TLS
                may be missing.
            trust: Whose certificates are believed.
            look_up: What a name means.
        """
        self._sessions = {
            "https": _session(anywhere_public_or(private_networks), trust, look_up),
            "http": _session(only(private_networks), trust, look_up),
        }

    async def get(self, url: str, limit: int) -> Fetched:
        """
        Get at most *limit* bytes.

        Raises:
            FetchFailed: see `post`.
        """
        return await self._bounded("GET", url, limit, None, {})

    async def post(
        self, url: str, limit: int, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> Fetched:
        """
        Post *form* and take at most *limit* bytes.

        What is posted is a question: where a kept connection turns out to be
        closed it is asked once more.

        Raises:
            FetchFailed: no usable URL, an address that is refused, no TLS where
                it is needed, any status but 200, a redirect, a packed or too
                long answer, none within `SECONDS`.
        """
        return await self._bounded("POST", url, limit, form, headers)

    async def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            await session.close()

    async def _bounded(
        self,
        method: str,
        url: str,
        limit: int,
        form: Mapping[str, str] | None,
        headers: Mapping[str, str],
    ) -> Fetched:
        target = _usable(url)
        session = self._sessions[target.scheme]
        try:
            async with asyncio.timeout(SECONDS):
                try:
                    return await _exchange(session, method, target, limit, form, headers)
                except ServerDisconnectedError:
                    if form is None:
                        raise  # aiohttp has asked a second time by itself
                    return await _exchange(session, method, target, limit, form, headers)
        except (ClientError, OSError, ValueError) as error:
            why = _why(error)
        # Outside of the handler: the library's exceptions hold the request, its secret included.
        raise FetchFailed(why)


class _QuietConnector(TCPConnector):
    """
    Keeps connections on which nothing came unasked.

    The library takes what comes while a connection rests for the answer to the
    next question: what is said of one token would then be believed of another.
    """

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        while (kept := await super()._get(key, traces)) is not None:
            if kept.protocol is not None and not kept.protocol.should_close:
                return kept
            kept.close()
        return None


def _session(rule: Rule, trust: ssl.SSLContext, look_up: LookUp) -> ClientSession:
    connector = _QuietConnector(
        ssl=trust,
        resolver=CheckedResolver(rule, look_up),
        socket_factory=checked_sockets(rule),
        limit=CONNECTIONS,
        keepalive_timeout=KEEP_IDLE,
    )
    return ClientSession(
        connector=connector,
        headers=_HEADERS,
        timeout=ClientTimeout(total=None),  # ours is around all of it
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )


def _usable(url: str) -> URL:
    """Read a URL that a document or the issuer's metadata gives, if it has one reading only."""
    try:
        target = URL(url, encoded=True)
        host, _ = target.raw_host, target.explicit_port  # a port is looked at when it is read
    except (ValueError, IndexError):  # brackets in front of an `@` are more than it can read
        raise FetchFailed(NO_URL) from None
    one_reading = url.isascii() and url.isprintable() and " " not in url
    if not one_reading or not host or target.scheme not in {"http", "https"}:
        raise FetchFailed(NO_URL)
    if target.raw_user is not None or target.raw_password is not None or target.raw_fragment:
        raise FetchFailed(NO_URL)
    return target


async def _exchange(
    session: ClientSession,
    method: str,
    target: URL,
    limit: int,
    form: Mapping[str, str] | None,
    headers: Mapping[str, str],
) -> Fetched:
    if session.closed:
        raise FetchFailed("the connections are closed")
    async with session.request(
        method, target, data=form, headers=headers, allow_redirects=False
    ) as answer:
        # A connection whose answer is not read to its end is closed, not used again.
        return await _read(answer, limit)


async def _read(answer: ClientResponse, limit: int) -> Fetched:
    if answer.status != OK:
        word = "redirects, which is not followed" if 300 <= answer.status < 400 else "answers"
        raise FetchFailed(f"it {word} (status {answer.status})", answer.status)
    if any(each.strip().lower() != "identity" for each in _said(answer, "content-encoding")):
        raise FetchFailed("its answer is packed although none was asked for")
    body = bytearray()
    too_long = f"its answer is longer than {limit} bytes"
    if (answer.content_length or 0) > limit:
        raise FetchFailed(too_long)
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise FetchFailed(too_long)
    return Fetched(bytes(body), _max_age(answer))


def _max_age(answer: ClientResponse) -> int | None:
    said = ",".join(_said(answer, "cache-control"))
    if _NEVER_KEPT.search(said):
        return 0
    lifetime, age = _MAX_AGE.search(said), _DIGITS.fullmatch(answer.headers.get("age", "0"))
    if lifetime is None:
        return None
    return max(0, int(lifetime[1]) - (int(age[0]) if age else 0))


def _said(answer: ClientResponse, name: str) -> list[str]:
    return answer.headers.getall(name, [])


def _why(error: ClientError | OSError | ValueError) -> str:
    match error:
        case ClientConnectorCertificateError():
            return "its certificate is not trusted"
        case ClientConnectorError(os_error=AddressRefused()):
            return (
                "its address is private, or TLS is missing; "
                "privateNetworks of the Issuer lists where both are meant"
            )
        case ClientConnectorDNSError():
            return "its name is not found"
        case TimeoutError():
            return f"no answer within {SECONDS:.0f} seconds"
        case _:
            return f"the exchange broke: {type(error).__name__}"
