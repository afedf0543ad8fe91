"""Our public keys as a JWKS (RFC 7517), for tools that verify what we mint."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec

COORDINATE_BYTES = 32


def public_jwks(keys: Mapping[str, ec.EllipticCurvePublicKey]) -> bytes:
    """Write P-256 public keys, by key id, as JSON text."""
    rows = [_row(key_id, key) for key_id, key in sorted(keys.items())]
    return json.dumps({"keys": rows}, separators=(",", ":")).encode("ascii")


def _row(key_id: str, key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "use": "sig",
        "alg": "ES256",
        "kid": key_id,
        "x": _coordinate(numbers.x),
        "y": _coordinate(numbers.y),
    }


def _coordinate(number: int) -> str:
    octets = number.to_bytes(COORDINATE_BYTES, "big")
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
