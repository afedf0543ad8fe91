"""Keys by name, and signing with them as a hostile caller would: any header, any payload."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from authz.model.instant import Instant
from authz.tokens.jwks import public_jwks
from authz.tokens.signing_keys import SigningKeys, open_key_ring
from tests.support.secrecy import note, note_key

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@cache
def private_key(name: str) -> ec.EllipticCurvePrivateKey:
    """Give the P-256 key of *name*: the same in every run, so that kept tokens stay good."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest())
    key = ec.derive_private_key(number % (P256_ORDER - 1) + 1, ec.SECP256R1())
    note_key(key)
    return key


def private_pem(name: str) -> bytes:
    """Give the private key of *name* as PEM."""
    return private_key(name).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def jwks(*names: str) -> bytes:
    """Give the public keys of *names* as a JWKS, each with its name as `kid`."""
    return public_jwks({name: private_key(name).public_key() for name in names})


def open_signing_keys(folder: Path) -> SigningKeys:
    """Give the keys of *folder* that are good now."""
    return open_key_ring(folder).at(Instant(int(time.time())))


def sign(key: str, header: Mapping[str, Any], payload: bytes) -> str:
    """
    Sign *payload* with the key of that name.

    `none` leaves the signature empty; `hmac:<name>` is HS256 keyed with the
    PEM of that name's public key, the classic confusion.
    """
    signed = b".".join(map(_encoded, (json.dumps(header).encode(), payload)))
    token = (signed + b"." + _encoded(_signature(key, signed))).decode()
    note(token)
    return token


def _signature(key: str, signed: bytes) -> bytes:
    if key == "none":
        return b""
    if key.startswith("hmac:"):
        public = private_key(key.removeprefix("hmac:")).public_key()
        pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hmac.digest(pem, signed, hashlib.sha256)
    r, s = decode_dss_signature(private_key(key).sign(signed, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")
