"""Signing described claims (ES256, RFC 9068 shape). What comes out is checked by `claims`."""

from __future__ import annotations

import jwt

from authz.claims.describe import TokenClaims
from authz.tokens.signing_keys import SigningKeys

TYPE = "at+jwt"


def mint(claims: TokenClaims, keys: SigningKeys) -> str:
    """Sign *claims* with the current key; the compact form is not yet fit for release."""
    return jwt.encode(
        claims.members(),
        keys.signing,
        algorithm="ES256",
        headers={"typ": TYPE, "kid": keys.signing_id},
    )
