"""Seals: what we wrote ourselves is known again by a secret that only our signing keys give."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from authz.tokens.signing_keys import KeyRing

PURPOSE = b"narrowgate: seal of a verdict, 1"
"""Keeps the secret apart from whatever else is made of the same key (RFC 5869, `info`)."""

SCALAR_BYTES = 32
"""Of a P-256 key."""


@dataclass(frozen=True, slots=True)
class Seals:
    """One secret for each signing key, the first of which seals."""

    secrets: Sequence[bytes]

    @classmethod
    def of(cls, ring: KeyRing) -> Seals:
        """Make the secrets of all keys of *ring*, so that a seal outlives a rotation."""
        return cls([_secret(key) for key in ring.keys.values()])

    def seal(self, text: bytes) -> str:
        """Give the seal of *text*: HMAC-SHA256 (RFC 2104), in hex."""
        return _seal(self.secrets[0], text)

    def holds(self, seal: str, text: bytes) -> bool:
        """Say whether *seal* is one of ours, and *text* what was sealed."""
        return seal.isascii() and any(
            hmac.compare_digest(_seal(secret, text), seal) for secret in self.secrets
        )


def _seal(secret: bytes, text: bytes) -> str:
    return hmac.new(secret, text, sha256).hexdigest()


def _secret(key: ec.EllipticCurvePrivateKey) -> bytes:
    scalar = key.private_numbers().private_value.to_bytes(SCALAR_BYTES, "big")
    return HKDF(hashes.SHA256(), length=32, salt=None, info=PURPOSE).derive(scalar)
