"""Public keys by issuer, from a JSON Web Key Set (RFC 7517)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from authz.model.instant import EARLIEST, LATEST, Instant
from authz.model.strict_json import JSON, AmbiguousJSON, NotJSON, read_json

MAX_KEYS = 64
MIN_RSA_BITS = 2048
MAX_KEY_ID = 256

_ALGORITHMS_BY_CURVE: dict[str, tuple[str, ...]] = {
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "Ed25519": ("EdDSA",),
}
_RSA_ALGORITHMS = ("RS256", "PS256")
"""What a key can verify; one that does not say which has the first. Symmetric keys are not here."""


class InvalidKeySet(ValueError):
    """A key set that cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One verification key for one algorithm (RFC 8725 section 3.1)."""

    key_id: str | None
    algorithm: str
    material: PyJWK

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        """Say whether *signature* over *signed* was made with this key's private half."""
        return bool(self.material.Algorithm.verify(signed, self.material.key, signature))


def _fingerprint(key: PublicKey) -> tuple[str, str, bytes]:
    """Give all that a key verifies by; `repr` tells a `kid` that is absent from any text."""
    der = key.material.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return repr(key.key_id), key.algorithm, der


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of one issuer."""

    keys: tuple[PublicKey, ...]
    fingerprint: bytes = field(init=False, compare=False, repr=False)
    """Equal for sets that verify the same: what was proven by one is proven by the other."""

    def __post_init__(self) -> None:
        rows = sorted(map(_fingerprint, self.keys))
        object.__setattr__(self, "fingerprint", sha256(repr(rows).encode("utf-8")).digest())

    def candidates(self, key_id: str | None, algorithm: str) -> tuple[PublicKey, ...]:
        """
        Give the keys that may have signed a token with this header.

        A token without `kid` is tried only where exactly one key fits it.
        """
        fitting = tuple(key for key in self.keys if key.algorithm == algorithm)
        if key_id is None:
            return fitting if len(fitting) == 1 else ()
        return tuple(key for key in fitting if key.key_id == key_id)

    def knows(self, key_id: str | None, algorithm: str) -> bool:
        """Say whether there is a key of that name, or, without a name, of that algorithm."""
        if key_id is None:
            return any(key.algorithm == algorithm for key in self.keys)
        return any(key.key_id == key_id for key in self.keys)


@dataclass(frozen=True, slots=True)
class IssuerKeys:
    """The keys of one issuer as they were last seen, and how long that says anything."""

    keys: KeySet
    fresh_until: Instant
    """Until then a key that is not here is none of the issuer's."""

    usable_until: Instant
    """Until then a key that is here may be used, although the issuer cannot be reached."""

    since: Instant = EARLIEST
    """When they were asked for. Before that they say nothing: a clock was set back, and would
    make them last for as long as it was."""

    def at(self, now: Instant) -> KeySet:
        """Give the keys that may be used at *now*."""
        return self.keys if self.since <= now < self.usable_until else NO_KEYS

    def are_fresh(self, now: Instant) -> bool:
        """Say whether a key that is not here proves that a token is not good."""
        return self.since <= now < self.fresh_until


NO_KEYS = KeySet(())
NEVER_FETCHED = IssuerKeys(NO_KEYS, EARLIEST, EARLIEST)


def lasting(keys: KeySet) -> IssuerKeys:
    """Give *keys* that are good as long as the world that names them."""
    return IssuerKeys(keys, LATEST, LATEST)


def read_key_set(text: bytes) -> KeySet:
    """
    Read a JWKS.

    Keys for other uses and of types that no allowed algorithm has are left
    out (RFC 7517 section 5). A private key in the set is refused as a whole:
    somebody published what signs.

    Raises:
        InvalidKeySet: no JWKS, a private or broken key, a short RSA key, more
            than `MAX_KEYS` keys, or no key left.
    """
    try:
        document = read_json(text)
    except (NotJSON, AmbiguousJSON) as error:
        raise InvalidKeySet(str(error)) from None
    rows = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(rows, list) or len(rows) > MAX_KEYS:
        raise InvalidKeySet(f"a JWKS has a member 'keys' with at most {MAX_KEYS} keys")
    keys = tuple(key for row in rows for key in _read_key(row))
    if not keys:
        raise InvalidKeySet("it holds no key that can verify a token")
    return KeySet(keys)


def _read_key(row: JSON) -> Iterator[PublicKey]:
    if not isinstance(row, dict):
        raise InvalidKeySet("a key is no JSON object")
    if "d" in row:
        raise InvalidKeySet("it holds a private key; publish the public half only")
    if not _is_for_verifying(row):
        return
    key_id = row.get("kid")
    if key_id is not None and (not isinstance(key_id, str) or len(key_id) > MAX_KEY_ID):
        raise InvalidKeySet(f"a 'kid' is no string of at most {MAX_KEY_ID} characters")
    for algorithm in _algorithms_of(row):
        try:
            material = PyJWK(dict(row), algorithm)
        except (PyJWTError, ValueError, TypeError) as error:
            raise InvalidKeySet(f"a key cannot be read: {type(error).__name__}") from None
        if getattr(material.key, "key_size", MIN_RSA_BITS) < MIN_RSA_BITS and row["kty"] == "RSA":
            raise InvalidKeySet(f"an RSA key is shorter than {MIN_RSA_BITS} bits")
        yield PublicKey(key_id, algorithm, material)


def _is_for_verifying(row: dict[str, JSON]) -> bool:
    operations = row.get("key_ops")
    return row.get("use") in (None, "sig") and (
        operations is None or (isinstance(operations, list) and "verify" in operations)
    )


def _algorithms_of(row: dict[str, JSON]) -> Iterable[str]:
    curve, named = row.get("crv"), row.get("alg")
    possible: tuple[str, ...] = _RSA_ALGORITHMS
    if row.get("kty") != "RSA":
        possible = _ALGORITHMS_BY_CURVE.get(curve, ()) if isinstance(curve, str) else ()
    return possible[:1] if named is None else tuple(each for each in possible if each == named)
