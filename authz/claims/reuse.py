"""A token that was signed a moment ago, for a decision that would sign the same again.

Same means: everything that a token says, times and id aside, and how long the
credential lasts. What is kept belongs to one world and one signing key, so
whatever could change a token's claims drops it.
"""

from __future__ import annotations

from typing import NamedTuple

from authz.claims.check import Minted
from authz.claims.describe import TokenClaims
from authz.model.instant import EARLIEST, LATEST, Instant
from authz.model.memo import Memo
from authz.model.principals import Actor
from authz.model.scopes import Scopes

MAX_TOKENS = 4 * 1024
"""Of one generation. One takes about 3 KiB."""


class Sameness(NamedTuple):
    """What two calls have in common that may share a token."""

    subject: str
    audience: str
    client_id: str
    scopes: Scopes
    actors: tuple[Actor, ...]
    acr: str | None
    auth_time: Instant | None
    credential_expires: Instant


def sameness_of(claims: TokenClaims, credential_expires: Instant | None) -> Sameness:
    """Give what a kept token must have been signed for; no credential outlives all others."""
    return Sameness(
        claims.subject,
        claims.audience,
        claims.client_id,
        claims.scopes,
        claims.actors,
        claims.acr,
        claims.auth_time,
        LATEST if credential_expires is None else credential_expires,
    )


class MintedTokens:
    """Tokens that were signed in one world with one key, as long as half of their life is left."""

    def __init__(self) -> None:
        self.memo: Memo[Sameness, Minted] = Memo("minted_tokens", MAX_TOKENS)

    def find(self, same: Sameness, now: Instant) -> Minted | None:
        """Give a token for such a call; None where one has to be signed."""
        minted = self.memo.find(same)
        if minted is None:
            return None
        half = (minted.claims.expires - minted.issued) // 2
        lives = EARLIEST <= now - minted.issued < half
        return minted if lives else None

    def keep(self, same: Sameness, minted: Minted) -> None:
        """Keep a token that was just checked."""
        self.memo.keep(same, minted)
