"""Access tokens in compact form: proven, or rejected with one reason.

Source: RFC 7515 section 5.2; RFC 7519 section 4.1; RFC 8725 sections 3.1,
3.2, 3.8, 3.9, 3.11; RFC 9068 sections 2.1 and 4. `pyjwt` checks signatures;
everything around them is checked here, because it accepts duplicate members,
foreign `typ` headers and signatures with padding.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Set
from hashlib import sha256
from types import MappingProxyType

from msgspec import Struct

from authz.identity.keys import MAX_KEY_ID, KeySet
from authz.model.instant import LATEST, Instant
from authz.model.memo import Memo
from authz.model.strict_json import JSON, AmbiguousJSON, NotJSON, read_json

MAX_TOKEN_BYTES = 16 * 1024
MAX_HEADERS = 64
"""Headers of tokens that are kept read."""

MAX_KEPT_HEADER = 1024
"""Characters of one that is: whoever sends them proved nothing yet."""

MAX_LEAN = 256
"""Values in the claims of a token that may be kept. The letters `[],` take twenty times their room
once they are read."""

SKEW = 30
"""Seconds that `nbf` and `iat` may lie ahead. `exp` has none: what ends, has ended."""

ACCESS_TOKEN_TYPES = frozenset({"at+jwt", "application/at+jwt"})

_HEADERS: Memo[str, Mapping[str, JSON]] = Memo("token_headers", MAX_HEADERS)
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")


class TokenRejected(ValueError):
    """The token proves nothing; the message says which check it failed, and no content of it."""


class KeyUnknown(TokenRejected):
    """No key of that name is known; whether the issuer has a new one, its keys will say."""


class Expectations(Struct, frozen=True, gc=False):
    """What an access token must show to be believed."""

    issuer: str
    """The exact `iss`."""

    audiences: Set[str]
    """One of these must be in `aud`."""

    algorithms: Set[str]
    certificate: str | None = None
    """`x5t#S256` of the certificate that the caller proved itself by, if it did."""


class UnverifiedToken(Struct, frozen=True, gc=False):
    """A token taken apart; nothing of it is believed, `issuer` only selects a table row."""

    header: Mapping[str, JSON]
    claims: Mapping[str, JSON]
    signed: bytes
    signature: bytes
    digest: bytes
    """SHA-256 of the compact form, to find it again; whoever respells a token gets another."""

    @property
    def issuer(self) -> str:
        """The unverified `iss`; empty when it is no string."""
        issuer = self.claims.get("iss")
        return issuer if isinstance(issuer, str) else ""


class ProvenClaims(Struct, frozen=True, gc=False):
    """Claims whose signature, issuer, audience, type and times were checked."""

    issuer: str
    subject: str
    audiences: frozenset[str]
    expires: Instant
    members: Mapping[str, JSON]
    """All members, for those who know what they look for."""

    @property
    def is_lean(self) -> bool:
        """Say whether there are at most `MAX_LEAN` values in it, so that it may be kept."""
        found: list[JSON] = [*self.members.values()]
        for value in found:  # It grows by what lies in what was found.
            if len(found) > MAX_LEAN:
                return False
            if isinstance(value, dict):
                found.extend(value.values())
            elif isinstance(value, list):
                found.extend(value)
        return True


def take_apart(unverified: str) -> UnverifiedToken:
    """
    Split a JWS in compact form, strictly.

    Raises:
        TokenRejected: longer than `MAX_TOKEN_BYTES`, not three parts of the
            base64url alphabet in their only spelling, header or payload no
            JSON object or one with duplicate members.
    """
    if len(unverified) > MAX_TOKEN_BYTES:
        raise TokenRejected(f"the token is longer than {MAX_TOKEN_BYTES} bytes")
    parts = _COMPACT.fullmatch(unverified)
    if parts is None:
        raise TokenRejected("the token is no JWS in compact form")
    header, claims = _header(parts[1]), _object(_decode(parts[2]))
    signed = unverified[: parts.start(3) - 1].encode("ascii")
    return UnverifiedToken(header, claims, signed, _decode(parts[3]), digest_of(unverified))


def _header(part: str) -> Mapping[str, JSON]:
    """Give the header that *part* is. All tokens of one key have the same, so few are kept."""
    kept = _HEADERS.find(part)
    if kept is not None:
        return kept
    header = MappingProxyType(_object(_decode(part)))
    return _HEADERS.keep(part, header) if len(part) <= MAX_KEPT_HEADER else header


def digest_of(token: str) -> bytes:
    """Give what a token is found again by."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def verify_access_token(
    unverified: UnverifiedToken, keys: KeySet, expected: Expectations, now: Instant
) -> ProvenClaims:
    """
    Prove that an access token was issued by *expected.issuer*, for us, and is valid at *now*.

    Nothing is fetched and no clock is read. Scopes, groups and chains are not
    looked at; whoever reads them knows how far the issuer is believed.

    Raises:
        KeyUnknown: the header is good, and names a key that *keys* lack.
        TokenRejected: the first check that failed. Order: header, key,
            signature, then `iss`, `aud`, `sub`, `exp`, `nbf`, `iat`, `cnf`.

    Cost: one signature check for each key with the token's `kid`, in practice one.
    """
    prove_signature(unverified, keys, expected.algorithms)
    return check_claims(unverified.claims, expected, now)


def prove_signature(unverified: UnverifiedToken, keys: KeySet, algorithms: Set[str]) -> None:
    """
    Prove that one of *keys* signed a token of one of *algorithms*, whatever it says.

    Raises:
        TokenRejected: as `verify_access_token`, up to the signature.
    """
    algorithm = _check_header(unverified.header, algorithms)
    key_id = unverified.header.get("kid")
    if key_id is not None and (not isinstance(key_id, str) or len(key_id) > MAX_KEY_ID):
        raise TokenRejected("kid is no short string")
    candidates = keys.candidates(key_id, algorithm)
    if not candidates:
        known = keys.knows(key_id, algorithm)
        raise (TokenRejected if known else KeyUnknown)("no key of the issuer fits kid and alg")
    if not any(key.verifies(unverified.signed, unverified.signature) for key in candidates):
        raise TokenRejected("the signature is not good")


def _check_header(header: Mapping[str, JSON], algorithms: Set[str]) -> str:
    algorithm, kind = header.get("alg"), header.get("typ")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise TokenRejected("alg is not allowed for this issuer")
    if "crit" in header:
        raise TokenRejected("crit names extensions, and none is understood")
    if not isinstance(kind, str) or kind.lower() not in ACCESS_TOKEN_TYPES:
        raise TokenRejected("typ is not at+jwt")
    return algorithm


def check_claims(claims: Mapping[str, JSON], expected: Expectations, now: Instant) -> ProvenClaims:
    """
    Check claims that are known to be their issuer's, in the order of `verify_access_token`.

    Raises:
        TokenRejected: the first check that failed.
    """
    if claims.get("iss") != expected.issuer:
        raise TokenRejected("iss is not the issuer whose key signed")
    if "aud" not in claims:
        raise TokenRejected("aud is missing")
    audiences = _audiences(claims["aud"])
    if audiences.isdisjoint(expected.audiences):
        raise TokenRejected("aud does not name us")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or _odd(subject):
        raise TokenRejected(f"sub is no string of 1 to {MAX_SUBJECT} printable characters")
    expires = numeric_date(claims, "exp")
    if expires is None or expires <= now:
        raise TokenRejected("exp is missing or has passed")
    for name in ("nbf", "iat"):
        start = numeric_date(claims, name)
        if start is not None and start > now + SKEW:
            raise TokenRejected(f"{name} lies ahead")
    if "cnf" in claims:
        _check_confirmation(claims["cnf"], expected.certificate)
    return ProvenClaims(expected.issuer, subject, audiences, expires, claims)


def _check_confirmation(confirmation: JSON, certificate: str | None) -> None:
    """
    Check that a token which is bound to a key comes from who holds it.

    Only the binding to a certificate (RFC 8705 section 3.1) can be checked;
    another one beside it, or instead, would go unchecked.
    """
    if not isinstance(confirmation, dict) or confirmation.keys() != {X5T_S256}:
        raise TokenRejected("cnf binds the token to a key whose proof cannot be checked here")
    if certificate is None or confirmation[X5T_S256] != certificate:
        raise TokenRejected("cnf binds the token to a certificate that the caller did not show")


X5T_S256 = "x5t#S256"

MAX_SUBJECT = 2048
"""Characters. Our own tokens name workloads, whose SPIFFE IDs may be as long."""


def _odd(text: str) -> bool:
    return not text.isprintable()


def _audiences(value: JSON) -> frozenset[str]:
    rows = [value] if isinstance(value, str) else value
    if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
        raise TokenRejected("aud is no string and no list of strings")
    return frozenset(row for row in rows if isinstance(row, str))


def numeric_date(claims: Mapping[str, JSON], name: str) -> Instant | None:
    """
    Read a NumericDate (RFC 7519 section 2), rounded down; None where it is absent.

    Raises:
        TokenRejected: it is no number, or lies outside the years 1970 to 2999.
    """
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if value is None or isinstance(value, (bool, str, list, dict)):
        raise TokenRejected(f"{name} is no number")
    if not 0 <= value <= LATEST:
        raise TokenRejected(f"{name} is no time between 1970 and 2999")
    return Instant(int(value))


def _decode(part: str) -> bytes:
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise TokenRejected("a part of the token is no base64url") from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode("ascii") != part:
        # Spare bits that are set would give one token several spellings.
        raise TokenRejected("a part of the token is not in its only spelling")
    return decoded


def _object(text: bytes) -> dict[str, JSON]:
    try:
        value = read_json(text)
    except (NotJSON, AmbiguousJSON):
        raise TokenRejected("header or payload is not JSON of one meaning") from None
    if not isinstance(value, dict):
        raise TokenRejected("header or payload is no JSON object")
    return value
