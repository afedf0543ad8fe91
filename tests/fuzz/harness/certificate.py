"""The certificate of a TLS peer, as Envoy sends it: as text, and any DER at all within it."""

from __future__ import annotations

from collections.abc import Iterator

from authz.identity.certificate import Leaf, read_certificate
from tests.support.leaves import Leaf as Made
from tests.support.leaves import as_envoy_sends, thumbprint_of
from tests.vectors.test_certificates import FILE, NOW

DOMAINS = frozenset({"example.org"})
WORDS = (
    *(b"spiffe://example.org/", b"\x06\x03\x55\x1d\x11", b"\x06\x03\x55\x1d\x13", b"\x01\x01\xff"),
    *(b"\x30\x80", b"\x86\x00", b"\x17\x0d", b"\x18\x0f", b"99991231235959Z", b"\xa0\x03\x02\x01"),
    *(b"-----BEGIN%20CERTIFICATE-----%0A", b"-----END%20CERTIFICATE-----%0A", b"%0A", b"MII"),
)


def entry(data: bytes) -> None:
    """A workload is proven by a certificate that can be found again, or nobody is."""
    read_certificate(data.decode("utf-8", "replace"), DOMAINS, NOW)
    read = read_certificate(as_envoy_sends(data), DOMAINS, NOW)
    if isinstance(read, Leaf):
        assert read.workload.trust_domain in DOMAINS
        assert str(read.workload).encode() in data
        assert read.thumbprint == thumbprint_of(data)


def seeds() -> Iterator[bytes]:
    """Give the vectors, as DER, and one as text."""
    for row in FILE["certificates"]:
        yield Made(**row.get("leaf", {})).der(NOW)
    yield as_envoy_sends(Made().der(NOW)).encode()
