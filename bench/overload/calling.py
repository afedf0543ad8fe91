"""Calls through an Envoy, as many as are asked for: each in flight as long as another one is."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from tests.support.clients import Door

CONNECTIONS = 600
"""Open at once; a call that finds none free is lost, and said to be."""

SEED = 20260823


class End(Enum):
    """What became of a call."""

    ALLOWED = "allowed"
    GATE = "refused by the gate"
    ENVOY = "refused by Envoy"
    BROKEN = "broken"


@dataclass
class Tally:
    """Calls by their end, with the seconds that each took from the instant that it was due."""

    seconds: float = 0.0
    took: dict[End, list[float]] = field(default_factory=lambda: {end: [] for end in End})
    lost: int = 0

    def rate(self, end: End) -> float:
        """Give how many a second came to this end."""
        return len(self.took[end]) / self.seconds

    def milliseconds(self, end: End, share: float) -> float | None:
        """Give the time within which that *share* of them ended."""
        times = sorted(self.took[end])
        return round(1000 * times[int(share * (len(times) - 1))], 1) if times else None


class Caller:
    """Connections that stay open, and one request that is sent again and again."""

    def __init__(self, door: Door, request: bytes) -> None:
        """Open nothing yet."""
        self._request = request
        self._port = door.port
        self._tls = ssl.create_default_context(cafile=str(door.roots))
        self._tls.set_alpn_protocols(["http/1.1"])
        if door.identity is not None:
            self._tls.load_cert_chain(*map(str, door.identity))
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def closed(self, seconds: float, in_flight: int) -> Tally:
        """Keep *in_flight* calls under way."""
        tally = Tally()
        await self._open(in_flight)

        async def keep_calling() -> None:
            while time.monotonic() < until:
                await self._call(time.monotonic(), tally)

        started = time.monotonic()
        until = started + seconds
        await asyncio.gather(*(keep_calling() for _ in range(in_flight)))
        tally.seconds = time.monotonic() - started
        return tally

    async def open(self, seconds: float, rate: float) -> Tally:
        """Begin *rate* calls a second, whatever becomes of those before; by chance, with a seed."""
        tally = Tally()
        await self._open(CONNECTIONS)
        chance = random.Random(SEED)
        under_way: set[asyncio.Task[None]] = set()
        started = due = time.monotonic()
        while (due := due + chance.expovariate(rate)) < started + seconds:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if not self._free:
                tally.lost += 1
                continue
            task = asyncio.create_task(self._call(due, tally))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)
        tally.seconds = time.monotonic() - started
        return tally

    async def _open(self, count: int) -> None:
        while len(self._free) < count:
            self._free.append(
                await asyncio.open_connection(
                    "127.0.0.1", self._port, ssl=self._tls, server_hostname="127.0.0.1"
                )
            )

    async def _call(self, due: float, tally: Tally) -> None:
        reader, writer = connection = self._free.pop()
        try:
            writer.write(self._request)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_length_of(head))
        except (OSError, asyncio.IncompleteReadError):
            end = End.BROKEN
            writer.close()
        else:
            end = _end_of(head)
            self._free.append(connection)
        tally.took[end].append(time.monotonic() - due)


def _length_of(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def _end_of(head: bytes) -> End:
    if head.startswith(b"HTTP/1.1 200"):
        return End.ALLOWED
    return End.GATE if b"x-narrowgate-decision" in head else End.ENVOY


def request_bytes(method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """Give one HTTP/1.1 request as it is on the wire."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"content-length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
