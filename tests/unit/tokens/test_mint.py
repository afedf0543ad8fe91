"""`tokens.mint`: what was described, signed, in RFC 9068's shape."""

from __future__ import annotations

import json
from itertools import count

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from authz.claims.describe import TokenClaims
from authz.identity.keys import read_key_set
from authz.model.instant import Instant
from authz.tokens.jwks import public_jwks
from authz.tokens.mint import mint
from authz.tokens.signing_keys import SigningKeys
from tests.support.keys import jwks, private_key
from tests.vectors.material import decoded

CLAIMS = TokenClaims(
    issuer="https://gate.example.org",
    subject="corp/алиса",
    audience="https://docs.example/mcp",
    client_id="c",
    scopes=frozenset(),
    issued=Instant(1),
    expires=Instant(61),
    token_id="j",
    actors=(),
)
KEYS = SigningKeys("gate-1", private_key("gate-1"), jwks("gate-1"))


def test_header_and_payload() -> None:
    """The header names type, algorithm and key, the payload is the description."""
    header, payload, _ = mint(CLAIMS, KEYS).split(".")

    assert json.loads(decoded(header)) == {"alg": "ES256", "typ": "at+jwt", "kid": "gate-1"}
    assert json.loads(decoded(payload)) == CLAIMS.members()


def test_published_key_verifies() -> None:
    """The published half of the signing key proves the token."""
    signed, _, signature = mint(CLAIMS, KEYS).rpartition(".")
    (key,) = KEYS.public.candidates("gate-1", "ES256")

    assert key.verifies(signed.encode(), decoded(signature))


def short_in(axis: str) -> ec.EllipticCurvePrivateKey:
    """Give the first key whose coordinate on *axis* begins with a zero byte."""
    keys = (ec.derive_private_key(number, ec.SECP256R1()) for number in count(1))
    return next(key for key in keys if getattr(key.public_key().public_numbers(), axis) < 2**248)


@pytest.mark.parametrize("axis", ["x", "y"])
def test_coordinates_keep_their_length(axis: str) -> None:
    """A coordinate that begins with zeros has 32 bytes all the same (RFC 7518 6.2.1.2)."""
    key = short_in(axis)

    (row,) = json.loads(public_jwks({"a": key.public_key()}))["keys"]

    assert len(decoded(row["x"])) == len(decoded(row["y"])) == 32
    assert decoded(row[axis])[0] == 0
    (published,) = read_key_set(json.dumps({"keys": [row]}).encode()).keys
    assert published.verifies(b"signed", _signed(key))


def _signed(key: ec.EllipticCurvePrivateKey) -> bytes:
    r, s = decode_dss_signature(key.sign(b"signed", ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
