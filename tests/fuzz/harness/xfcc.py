"""`x-forwarded-client-cert`, as a listener reads it that believes one proxy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from authz.identity.xfcc import KEYS, NotXfcc, parse_xfcc, read_xfcc
from authz.model.spiffe import SpiffeId

VECTORS = Path(__file__).parents[2] / "vectors" / "xfcc.yaml"
NAMES = {
    "{W}": "spiffe://example.org/ns/tools/sa/waypoint",
    "{A}": "spiffe://example.org/ns/research/sa/agent",
    "{B}": "spiffe://example.org/ns/finance/sa/other",
}
BY = SpiffeId.parse(NAMES["{W}"])
WORDS = (b"By=", b"URI=", b"Subject=", b'"', b'\\"', b"\\\\", b",", b";", b"=", b"-", b"spiffe://")


def entry(data: bytes) -> None:
    """Whoever is proven stands in the only element, whole, and the declared proxy beside it."""
    text = data.decode("latin-1")
    proven = read_xfcc(text, BY, {"example.org"})
    try:
        elements = parse_xfcc(text)
    except NotXfcc as refused:
        assert str(refused).isascii()
        assert not isinstance(proven, SpiffeId)
        return
    assert text.isascii()
    assert all(element and element.keys() <= KEYS for element in elements)
    if '"' not in text:
        assert list(elements) == [_plainly(element) for element in text.split(",")]
    if isinstance(proven, SpiffeId):
        (element,) = elements
        assert (element["by"], element["uri"]) == (str(BY), str(proven))


def _plainly(element: str) -> dict[str, str]:
    pairs = (pair.split("=") for pair in element.split(";"))
    return {key.lower(): value for key, value in pairs}


def seeds() -> Iterator[bytes]:
    """Give the vectors."""
    for row in yaml.safe_load(VECTORS.read_text())["headers"]:
        text = row["header"]
        for name, identity in NAMES.items():
            text = text.replace(name, identity)
        yield text.encode("utf-8")
