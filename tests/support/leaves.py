"""Leaf certificates that say whatever a test wants, as Envoy hands them on."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from authz.model.instant import Instant
from tests.support.keys import private_key

AGENT = "spiffe://example.org/ns/research/sa/research-agent"
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True)
class Leaf:
    """What a certificate says; without anything else it is one that proves `AGENT`."""

    uris: Sequence[str] = (AGENT,)
    dns: Sequence[str] = ()
    ca: bool | None = False
    """None leaves the basic constraints out."""

    usage: Sequence[str] | None = ("digital_signature",)
    """None leaves the key usage out."""

    starts: int = -60
    ends: int = 3600
    """Seconds from now."""

    def der(self, now: Instant) -> bytes:
        """Make it, signed by itself."""
        key, name = private_key("leaf"), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
        builder = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(datetime.fromtimestamp(now + self.starts, UTC))
            .not_valid_after(datetime.fromtimestamp(now + self.ends, UTC))
        )
        names = [
            *map(x509.UniformResourceIdentifier, self.uris),
            *map(x509.DNSName, self.dns),
        ]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if self.ca is not None:
            constraints = x509.BasicConstraints(ca=self.ca, path_length=None)
            builder = builder.add_extension(constraints, critical=True)
        if self.usage is not None:
            usage = x509.KeyUsage(**{each: each in self.usage for each in USAGES})
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def encoded(self, now: Instant) -> str:
        """Make it as Envoy sends it: URL-encoded PEM."""
        return as_envoy_sends(self.der(now))


def as_envoy_sends(der: bytes) -> str:
    """Give the URL-encoded PEM of a certificate."""
    return quote(pem_of(der), safe="")


def pem_of(der: bytes) -> bytes:
    """Give a certificate as PEM, as OpenSSL writes it."""
    text = base64.encodebytes(der).replace(b"\n", b"")
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return b"-----BEGIN CERTIFICATE-----\n" + b"\n".join(lines) + b"\n-----END CERTIFICATE-----\n"


def thumbprint_of(der: bytes) -> str:
    """Give `x5t#S256` of a certificate (RFC 8705 section 3.1)."""
    return base64.urlsafe_b64encode(sha256(der).digest()).decode().rstrip("=")
