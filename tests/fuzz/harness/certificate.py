"""The certificate of a TLS peer: its DER, put into the text that Envoy sends."""

from __future__ import annotations

from collections.abc import Iterator

from authz.identity.certificate import Leaf, read_certificate
from authz.identity.workload import Rejected
from authz.model.instant import Instant
from tests.support.leaves import AGENT, as_envoy_sends, thumbprint_of
from tests.support.leaves import Leaf as Written

NOW = Instant(1_780_000_000)
WORDS = (b"spiffe://example.org/", b"\x30\x82", b"\x55\x1d\x11", b"\x55\x1d\x13", b"\xff", b"\x86")


def entry(data: bytes) -> None:
    """Whoever is proven stands in the certificate, whole, and it can be found again."""
    proven = read_certificate(as_envoy_sends(data), {"example.org"}, NOW)
    if isinstance(proven, Leaf):
        assert str(proven.workload).encode() in data
        assert proven.workload.trust_domain == "example.org"
        assert proven.thumbprint == thumbprint_of(data)
        return
    assert isinstance(proven, Rejected)
    assert proven.why.isascii()


def seeds() -> Iterator[bytes]:
    """Give a good certificate, and one with each mistake."""
    for written in (
        Written(),
        Written(dns=("a.example",)),
        Written(ca=None, usage=None),
        Written(ca=True),
        Written(usage=("key_cert_sign",)),
        Written(uris=(AGENT, AGENT)),
        Written(uris=()),
        Written(ends=-1, starts=-9),
    ):
        yield written.der(NOW)
