"""SPIFFE IDs, as a principal that Envoy reports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from authz.identity.workload import Rejected, read_principal
from authz.model.spiffe import MAX_ID_BYTES, MAX_TRUST_DOMAIN_BYTES, NotSpiffe, SpiffeId

VECTORS = Path(__file__).parents[2] / "vectors" / "spiffe.yaml"
DOMAINS = frozenset({"example.org"})
WORDS = (b"spiffe://", b"example.org", b"/ns/", b"/sa/", b"%2f", b"..", b"//", b"\xc3\xa9")


def entry(data: bytes) -> None:
    """What is accepted is spelt in one way only, and only of a declared trust domain."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        read = SpiffeId.parse(text)
    except NotSpiffe as refused:
        assert str(refused).isascii()
        assert not isinstance(read_principal(text, DOMAINS), SpiffeId)
        return
    assert str(read) == text
    assert text.isascii()
    assert len(data) <= MAX_ID_BYTES
    assert SpiffeId.parse(str(read)) == read
    assert all(step not in {"", ".", ".."} for step in read.path[1:].split("/"))
    expected = read if read.trust_domain in DOMAINS else Rejected
    principal = read_principal(text, DOMAINS)
    assert principal == expected or type(principal) is expected


def seeds() -> Iterator[bytes]:
    """Give the vectors."""
    for rows in yaml.safe_load(VECTORS.read_text()).values():
        yield from (row["id"].encode() for row in rows if "id" in row)
    yield b"spiffe://" + b"a" * MAX_TRUST_DOMAIN_BYTES + b"/a"
    yield b"spiffe://example.org/".ljust(MAX_ID_BYTES, b"a")
