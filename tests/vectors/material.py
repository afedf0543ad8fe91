"""Keys of every kind by name, and tokens spelled and signed as a vector says.

A name is a P-256 key; `rsa:`, `short-rsa:`, `p384:`, `k256:`, `ed:` before it make another kind.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.support.keys import P256_ORDER, private_key

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

COORDINATE_BYTES = {"secp256r1": 32, "secp384r1": 48, "secp256k1": 32}

_MAKERS: Mapping[str, Callable[[], PrivateKey]] = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "short-rsa": lambda: rsa.generate_private_key(65537, 1024),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "k256": lambda: ec.generate_private_key(ec.SECP256K1()),
    "ed": ed25519.Ed25519PrivateKey.generate,
}


@cache
def material(name: str) -> PrivateKey:
    """Give the private key that this run has made for *name*."""
    kind, colon, _ = name.partition(":")
    return _MAKERS[kind]() if colon else private_key(name)


def public_jwk(name: str) -> dict[str, Any]:
    """Give the public half of *name* as a JWK without `kid`, `use` or `alg`."""
    key = material(name)
    if isinstance(key, rsa.RSAPrivateKey):
        row = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        row = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        row = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {member: value for member, value in row.items() if member not in {"key_ops", "use"}}


def private_jwk(name: str) -> dict[str, Any]:
    """Give both halves of the P-256 key *name* as a JWK."""
    key = private_key(name)
    number = key.private_numbers().private_value.to_bytes(32, "big")
    return {**public_jwk(name), "d": encoded(number)}


def signature(name: str, algorithm: str, signed: bytes) -> bytes:
    """
    Sign *signed* with the key of that name.

    `none` signs nothing; `hmac:<name>` is keyed with the PEM of that name's public key.
    """
    if name == "none":
        return b""
    if name.startswith("hmac:"):
        public = private_key(name.removeprefix("hmac:")).public_key()
        pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hmac.digest(pem, signed, hashlib.sha256)
    key = material(name)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(signed)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(signed, _padding(algorithm), hashes.SHA256())
    return _raw_ecdsa(key, signed)


def _padding(algorithm: str) -> padding.AsymmetricPadding:
    if algorithm == "PS256":
        return padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
    return padding.PKCS1v15()


def _raw_ecdsa(key: ec.EllipticCurvePrivateKey, signed: bytes) -> bytes:
    size = COORDINATE_BYTES[key.curve.name]
    digest = hashes.SHA384() if key.curve.name == "secp384r1" else hashes.SHA256()
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(digest)))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def encoded(part: bytes) -> str:
    """Write *part* in base64url without padding."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode("ascii")


def decoded(part: str) -> bytes:
    """Read base64url without padding."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def compact(name: str, algorithm: str, header: bytes, payload: bytes) -> str:
    """Sign *header* and *payload*, whatever bytes they are, into compact form."""
    signed = f"{encoded(header)}.{encoded(payload)}"
    return f"{signed}.{encoded(signature(name, algorithm, signed.encode('ascii')))}"


def _respelt_last_character(token: str) -> str:
    """Set a spare bit in the last character of an ES256 signature (86 characters, four spare)."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


def _negated_s(token: str) -> str:
    signed, _, last = token.rpartition(".")
    raw = decoded(last)
    s = P256_ORDER - int.from_bytes(raw[32:], "big")
    return f"{signed}.{encoded(raw[:32] + s.to_bytes(32, 'big'))}"


def _flipped(token: str) -> str:
    signed, _, last = token.rpartition(".")
    raw = decoded(last)
    return f"{signed}.{encoded(bytes([raw[0] ^ 1]) + raw[1:])}"


def _as_json(token: str) -> str:
    protected, payload, last = token.split(".")
    return json.dumps({"protected": protected, "payload": payload, "signature": last})


def _other_payload(token: str) -> str:
    header, payload, last = token.split(".")
    claims = {**json.loads(decoded(payload)), "sub": "mallory"}
    return f"{header}.{encoded(json.dumps(claims).encode())}.{last}"


SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "as it is": lambda token: token,
    "another payload": _other_payload,
    "dot at the end": lambda token: f"{token}.",
    "five parts": lambda token: f"{token}.AAAA.AAAA",
    "flipped signature": _flipped,
    "json serialisation": _as_json,
    "n minus s": _negated_s,
    "newline at the end": lambda token: f"{token}\n",
    "non-ASCII letter": lambda token: token.replace("e", "é", 1),
    "only two parts": lambda token: token.rpartition(".")[0],
    "padded header": lambda token: token.replace(".", "=.", 1),
    "padded signature": lambda token: f"{token}==",
    "signature left empty": lambda token: token.rpartition(".")[0] + ".",
    "signature of nothing": lambda token: token.rpartition(".")[0] + ".AAAA",
    "space inside": lambda token: token.replace(".", ". ", 1),
    "space before": lambda token: f" {token}",
    "spare bit set": _respelt_last_character,
    "standard alphabet": lambda token: token[:-4] + "+/+A",
    "zero signature": lambda token: f"{token.rpartition('.')[0]}.{encoded(bytes(64))}",
}
"""How a signed token can be spelled otherwise, by name."""
