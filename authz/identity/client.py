"""The client that a token was given to, where its issuer's word is all there is to go by."""

from __future__ import annotations

from authz.identity.access_token import ProvenClaims, TokenRejected
from authz.model.pointer import look_up
from authz.model.principals import Hop

MAX_CLIENT = 256
"""Characters."""

NAMES = ("client_id", "azp")
"""RFC 9068 section 2.2; OpenID Connect Core section 2."""


def client_of(claims: ProvenClaims) -> str:
    """
    Give the client id that a proven token says, in one or both of the two ways there are.

    Raises:
        TokenRejected: it says none, two, or one that is no short printable text.
    """
    said = [claims.members[name] for name in NAMES if name in claims.members]
    if not said or said[0] != said[-1]:
        raise TokenRejected("client_id and azp name no client, or two")
    client = said[0]
    if not isinstance(client, str) or not 0 < len(client) <= MAX_CLIENT or not client.isprintable():
        raise TokenRejected(f"the client id is no string of 1 to {MAX_CLIENT} printable characters")
    return client


def speaks_for_itself(claims: ProvenClaims, client: Hop, login: str | None) -> bool:
    """
    Say whether *client* was given the token for itself: no user behind it, nobody before it.

    Source: RFC 9068 section 2.2, where `sub` is then the client's; or the issuer says what
    every login has, and by the JSON Pointer *login* there is nothing.
    """
    itself = claims.subject == client.actor.sub or not is_of_login(claims, login)
    return itself and "act" not in claims.members


def is_of_login(claims: ProvenClaims, login: str | None) -> bool:
    """Say whether a token has what every login of its issuer has; yes where that is not said."""
    return login is None or look_up(dict(claims.members), login) is not None
