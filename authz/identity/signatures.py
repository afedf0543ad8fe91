"""Tokens whose signature was found good once need not be verified again under the same keys.

What is kept depends on the token's bytes, the keys and the algorithms alone,
so it outlives worlds: a rotation changes the keys' fingerprint and with it what
counts, and whether anybody is suspended, or what a token means, is asked of its
claims each time. A token is only ever *found* by its digest, never refused by it.
"""

from __future__ import annotations

from collections.abc import Set

from msgspec import Struct

from authz.identity.access_token import (
    Expectations,
    ProvenClaims,
    UnverifiedToken,
    check_claims,
    digest_of,
    prove_signature,
    take_apart,
)
from authz.identity.keys import KeySet
from authz.model.instant import Instant
from authz.model.memo import Memo

MAX_TOKENS = 8 * 1024
"""Of one generation. One takes about 4 KiB."""


MAX_KEPT = 4 * 1024
"""Bytes of a token that is kept. A longer one is verified each time."""


class Signed(Struct, frozen=True, gc=False):
    """A token taken apart, and what its signature was found good under."""

    token: UnverifiedToken
    keys: bytes
    """Fingerprint of the key set."""

    algorithms: Set[str]

    def is_good_under(self, keys: KeySet, expected: Expectations) -> bool:
        """Say whether nothing changed that its signature was found good under."""
        return self.keys == keys.fingerprint and self.algorithms == expected.algorithms


class Signatures:
    """Access tokens, as `access_token` takes them apart and verifies them, remembered."""

    def __init__(self) -> None:
        self.memo: Memo[bytes, Signed] = Memo("signatures", MAX_TOKENS)

    def take_apart(self, unverified: str) -> UnverifiedToken:
        """Give what `access_token.take_apart` gives, and raise what it raises."""
        kept = self.memo.find(digest_of(unverified))
        return take_apart(unverified) if kept is None else kept.token

    def verify(
        self, unverified: UnverifiedToken, keys: KeySet, expected: Expectations, now: Instant
    ) -> ProvenClaims:
        """
        Give what `access_token.verify_access_token` gives, and raise what it raises.

        The claims are checked each time: they are held against the clock.
        """
        kept = self.memo.find(unverified.digest)
        if kept is not None and kept.is_good_under(keys, expected):
            return check_claims(unverified.claims, expected, now)
        prove_signature(unverified, keys, expected.algorithms)
        claims = check_claims(unverified.claims, expected, now)
        # Nobody fills the memory with tokens that are over, or for somebody else, or huge.
        if len(unverified.signed) <= MAX_KEPT and claims.is_lean:
            good = Signed(unverified, keys.fingerprint, expected.algorithms)
            self.memo.keep(unverified.digest, good)
        return claims
