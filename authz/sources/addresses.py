"""Which addresses may be connected to (CWE-918): checked where a connection is made.

A name is looked up once for a connection, its addresses are checked, and one of
those is connected to, so a name that means something else a moment later gains
nothing. The last check stands at the socket: whatever way an address took, a
literal in a URL included, it passes there.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Rule = Callable[[Address], bool]
"""Says whether an address may be connected to."""

LookUp = Callable[[str, int], Awaitable[Sequence[tuple[socket.AddressFamily, str]]]]
"""Gives the addresses of a name, for a port."""

_NAT64 = IPv6Network("64:ff9b::/96")
"""An IPv4 address behind a translator (RFC 6052): judged as what it stands for."""

_UNICAST = IPv6Network("2000::/3")
_NOT_GLOBAL = (
    # What versions of the standard library disagree on, or take for public.
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),  # 6to4 relays, deprecated (RFC 7526)
    IPv6Network("2001::/23"),  # Teredo among others: an IPv4 address inside
    IPv6Network("2002::/16"),  # 6to4: an IPv4 address inside
    IPv6Network("3fff::/20"),  # documentation (RFC 9637)
)


class AddressRefused(OSError):
    """An address that is not public, and in no network that the Issuer lists."""


def is_public(address: Address) -> bool:
    """Say whether *address* is a unicast address that is routed globally."""
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
        if address not in _UNICAST:
            return False
    if address.is_multicast or not address.is_global:
        return False
    return not _within(address, _NOT_GLOBAL)


def anywhere_public_or(networks: Sequence[Network]) -> Rule:
    """Give the rule for connections with TLS: public addresses, and *networks*."""
    return lambda address: is_public(address) or _within(address, networks)


def only(networks: Sequence[Network]) -> Rule:
    """Give the rule for connections in the clear: *networks* and nothing else."""
    return lambda address: _within(address, networks)


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


class CheckedResolver(AbstractResolver):
    """
    Resolves names for one rule.

    A name that means one refused address beside others is refused whole: which
    one is taken would be chance, and nobody means such a name.
    """

    def __init__(self, rule: Rule, look_up: LookUp) -> None:
        """Resolve by *look_up* what *rule* lets pass."""
        self._rule = rule
        self._look_up = look_up

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """
        Give all addresses of *host*; *family* is not asked for.

        Raises:
            AddressRefused: one of them is not allowed.
            OSError: the name means nothing.
        """
        del family
        found = await self._look_up(host, port)
        for _, text in found:
            refuse_address(text, self._rule)
        return [
            ResolveResult(
                hostname=host,
                host=text,
                port=port,
                family=kind,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, text in found
        ]

    async def close(self) -> None:
        """Nothing is held."""


def checked_sockets(rule: Rule) -> Callable[[AddrInfoType], socket.socket]:
    """Give a maker of sockets that refuses addresses that *rule* does."""

    def make(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        refuse_address(str(address[0]), rule)
        return socket.socket(family, kind, protocol)

    return make


def refuse_address(text: str, rule: Rule) -> None:
    """
    Let an address pass that *rule* allows.

    Raises:
        AddressRefused: it is not allowed, or is no address.
    """
    try:
        allowed = rule(ip_address(text))
    except ValueError:
        allowed = False
    if not allowed:
        raise AddressRefused


async def look_up(host: str, port: int) -> Sequence[tuple[socket.AddressFamily, str]]:
    """
    Ask the system what *host* means.

    Raises:
        OSError: it does not know.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, str(address[0])) for family, _, _, _, address in found]
