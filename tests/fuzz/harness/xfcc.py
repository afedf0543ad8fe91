"""`x-forwarded-client-cert`, held against a regular expression of its grammar."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from authz.identity.workload import Absent, Rejected
from authz.identity.xfcc import KEYS, NotXfcc, parse_xfcc, read_xfcc
from tests.vectors.test_xfcc import FILE, WAYPOINT, filled

DOMAINS = frozenset({"example.org"})
PAIR = re.compile(r'([A-Za-z]+)=(?:"((?:\\"|[^"\\]|\\(?!["\\]))*)"|([!#-+\--:<>-\[\]-~]*))')
WORDS = (
    *(f"{key}=".encode() for key in sorted(KEYS)),
    *(b"By=", b"URI=", b";", b",", b'"', b'\\"', b"\\\\", b"=", str(WAYPOINT).encode()),
    *(b"spiffe://example.org/ns/research/sa/agent", b"%20", b"\xc3\xa9", b"-", b'=""', b";;"),
)


def entry(data: bytes) -> None:
    """Who is believed stands in the one element, once, as anybody else would read it."""
    text = data.decode("utf-8", "replace")
    told = read_xfcc(text, WAYPOINT, DOMAINS)
    try:
        elements = parse_xfcc(text)
    except NotXfcc as refused:
        assert str(refused).isascii()
        assert isinstance(told, Absent if not text else Rejected)
        return
    assert text.isascii()
    assert all(element.keys() <= KEYS for element in elements)
    assert parse_xfcc(_written(elements)) == elements
    assert sum(map(len, elements)) == len(PAIR.findall(text))
    if isinstance(told, Absent | Rejected):
        return
    (element,) = elements
    pairs = {key.lower(): plain or quoted for key, quoted, plain in PAIR.findall(text)}
    assert element["by"] == pairs["by"] == str(WAYPOINT)
    assert element["uri"] == pairs["uri"] == str(told)
    assert told.trust_domain in DOMAINS


def _written(elements: Iterable[Mapping[str, str]]) -> str:
    """Write elements as a proxy would that quotes everything."""
    rows = (
        ";".join(f'{key}="{value.replace(chr(34), chr(92) + chr(34))}"' for key, value in e.items())
        for e in elements
    )
    return ",".join(rows)


def seeds() -> Iterator[bytes]:
    """Give the vectors that are not very long."""
    for row in FILE["headers"]:
        if "times" not in row:
            yield filled(row["header"]).encode()
