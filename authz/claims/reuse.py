"""A token that was signed a moment ago, for a decision that would sign the same again.

Same means: everything that a token says, times and id aside, and how long the
credential lasts. What is kept belongs to one world and one signing key, so
whatever could change a token's claims drops it.
"""

from __future__ import annotations

from msgspec import Struct

from authz.claims.check import Inputs, Minted
from authz.claims.describe import TokenClaims
from authz.model.instant import EARLIEST, Instant
from authz.model.memo import Memo
from authz.model.principals import Actor, Hop
from authz.model.scopes import Scopes

MAX_TOKENS = 4 * 1024
"""Of one generation. One takes about 3 KiB."""


class Sameness(Struct, frozen=True, gc=False):
    """What two calls have in common that may share a token."""

    caller: Hop
    """What a token says of the caller is not all: a client id is unique only within an issuer."""

    subject: str
    audience: str
    scopes: Scopes
    actors: tuple[Actor, ...]
    acr: str | None
    auth_time: Instant | None
    until: Instant
    """When the first of the proofs is over."""


def sameness_of(claims: TokenClaims, inputs: Inputs) -> Sameness:
    """Give what a kept token must have been signed for."""
    return Sameness(
        inputs.caller,
        claims.subject,
        claims.audience,
        claims.scopes,
        claims.actors,
        claims.acr,
        claims.auth_time,
        inputs.until,
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
