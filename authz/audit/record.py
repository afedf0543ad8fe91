"""A decision record as a line: what only one call says, and what it shares with others.

Most calls repeat what somebody did before, but for their ids, times and
arguments. What they share is written once, and then only copied.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import orjson


def encoded(members: Mapping[str, object]) -> bytes:
    """Give *members* as one line of JSON, without its end; ASCII alone."""
    try:
        line = orjson.dumps(members)
    except TypeError:
        # It takes no integers beyond 64 bits, and a caller may have written one.
        line = b"\xff"
    if line.isascii():
        return line
    # Whoever reads lines must not find one that ends at a character of a caller's.
    return json.dumps(members, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def tail(members: Mapping[str, object]) -> bytes:
    """Give *members*, at least one, as the end of a line that other members begin."""
    # What the encoder gives keeps kilobytes of room behind it; the slice is a copy that does not.
    return encoded(members)[1:]


class Record(Mapping[str, object]):
    """One record. As a mapping it says what its line does; who only writes it never reads that."""

    __slots__ = ("_read", "own", "tail")

    def __init__(self, own: Mapping[str, object], tail: bytes) -> None:
        """
        Give the record that says both.

        Args:
            own: What this call alone says; at least one member.
            tail: What it shares, under other names, as `tail` gives it.
        """
        self.own = own
        self.tail = tail
        self._read: dict[str, object] | None = None

    @property
    def line(self) -> bytes:
        """The record as a line of JSON, without its end."""
        return b"%b,%b" % (encoded(self.own)[:-1], self.tail)

    def _whole(self) -> dict[str, object]:
        if self._read is None:
            self._read = {**self.own, **json.loads(b"{" + self.tail)}
        return self._read

    def __getitem__(self, name: str) -> object:
        return self._whole()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())
