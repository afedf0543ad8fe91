"""`claims.describe`: the members of a minted token, exactly these."""

from __future__ import annotations

from authz.claims.describe import TokenClaims
from authz.model.instant import Instant
from authz.model.principals import Actor
from authz.model.scopes import NO_SCOPES
from tests.support.values import replace

CALLER = Actor("spiffe://example.org", "spiffe://example.org/ns/a/sa/b")
BEFORE = Actor("https://idp.example.com", "desk")

CLAIMS = TokenClaims(
    issuer="https://gate.example.org",
    subject="corp/alice",
    audience="https://docs.example/mcp",
    client_id=CALLER.sub,
    scopes=frozenset({"docs:write", "docs:read"}),
    issued=Instant(1000),
    expires=Instant(1060),
    token_id="j-1",
    actors=(CALLER, BEFORE),
)
MEMBERS = {
    "iss": "https://gate.example.org",
    "sub": "corp/alice",
    "aud": "https://docs.example/mcp",
    "exp": 1060,
    "iat": 1000,
    "jti": "j-1",
    "client_id": CALLER.sub,
    "scope": "docs:read docs:write",
    "act": {
        "iss": CALLER.iss,
        "sub": CALLER.sub,
        "act": {"iss": BEFORE.iss, "sub": BEFORE.sub},
    },
}


def test_members() -> None:
    """A token for a user has exactly these members, its times as integers."""
    members = CLAIMS.members()

    assert members == MEMBERS
    assert (type(members["exp"]), type(members["iat"])) == (int, int)


def test_members_of_the_credential() -> None:
    """`acr` and `auth_time` are there exactly when the credential had them, zero included."""
    both = replace(CLAIMS, acr="urn:example:mfa", auth_time=Instant(0))

    assert both.members() == {**MEMBERS, "acr": "urn:example:mfa", "auth_time": 0}


def test_nobody_acts_for_nobody() -> None:
    """Without a chain there is no `act`, not an empty one."""
    members = replace(CLAIMS, actors=()).members()

    assert members == {name: value for name, value in MEMBERS.items() if name != "act"}


def test_no_scope_is_the_empty_string() -> None:
    """A token without scopes says so; the member is never left out."""
    assert replace(CLAIMS, scopes=NO_SCOPES).members()["scope"] == ""
