"""Key sets of issuers, and what a stranger's signature does to their keys."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from authz.identity.keys import MAX_KEYS, MIN_RSA_BITS, InvalidKeySet, read_key_set
from tests.vectors.test_key_sets import SETS, text_of

ALGORITHMS = frozenset({"ES256", "ES384", "EdDSA", "RS256", "PS256"})
SIGNATURES = (b"", b"\0", b"\1" * 64, b"\xff" * 96, b"\1" * 256)
WORDS = (
    *(f'"{name}":'.encode() for name in ("keys", "kty", "crv", "alg", "kid", "use", "key_ops")),
    *(f'"{name}":'.encode() for name in ("x", "y", "n", "e", "d", "k", "x5c", "oth")),
    *(b'"EC"', b'"RSA"', b'"OKP"', b'"oct"', b'"P-256"', b'"P-384"', b'"Ed25519"', b'"AQAB"'),
    *(b'"ES256"', b'"RS256"', b'"PS256"', b'"EdDSA"', b'"sig"', b'["verify"]', b'"AA"', b"null"),
)


def entry(data: bytes) -> None:
    """A set is refused, or each of its keys is public, long enough, and says no to a stranger."""
    try:
        found = read_key_set(data)
    except InvalidKeySet as refused:
        assert str(refused).isascii()
        return
    assert 0 < len(found.keys) <= MAX_KEYS * len(ALGORITHMS)
    for key in found.keys:
        assert key.algorithm in ALGORITHMS
        assert not hasattr(key.material.key, "private_numbers")
        if isinstance(key.material.key, RSAPublicKey):
            assert key.material.key.key_size >= MIN_RSA_BITS
        assert not any(key.verifies(b"signed", signature) for signature in SIGNATURES)


def seeds() -> Iterator[bytes]:
    """Give the vectors, but for the very long ones."""
    yield from (text for text in map(text_of, SETS) if len(text) < 4000)
