"""What an issuer says of an opaque token, believed as far as a token of its own would be.

Source: RFC 7662 section 2.2. That the answer is the issuer's is the edge's to
know; that it is about a token for us, and still good, is checked here.
"""

from __future__ import annotations

from collections.abc import Mapping

from authz.identity.access_token import Expectations, ProvenClaims, TokenRejected, check_claims
from authz.model.instant import Instant
from authz.model.strict_json import JSON

JOSE_DOTS = frozenset({2, 4})
"""Dots of a JWS and of a JWE in compact form."""

RESERVED = "ngr_"
"""How handles of ours begin: no issuer is shown one."""


def is_opaque(token: str) -> bool:
    """Say whether a bearer token says nothing by itself, so that its issuer has to be asked."""
    return token.count(".") not in JOSE_DOTS and not token.startswith(RESERVED)


def believe_introspected(
    members: Mapping[str, JSON], expected: Expectations, now: Instant
) -> ProvenClaims:
    """
    Prove what an active token says, for us and at *now*.

    Every member that a token of the issuer must have, the answer must have:
    only `iss` may be left out, for we asked that issuer.

    Raises:
        TokenRejected: it is no bearer token, or the first check of `check_claims` that failed.
    """
    kind = members.get("token_type", "Bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise TokenRejected("it is no bearer token")
    return check_claims({"iss": expected.issuer, **members}, expected, now)
