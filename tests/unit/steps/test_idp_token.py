"""`steps.idp_token`: how far a proven token of an identity provider is believed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from authz.directory.compiled import Directory
from authz.identity.access_token import SKEW, ProvenClaims, TokenRejected
from authz.model.instant import EARLIEST, LATEST, Instant
from authz.model.outcome import Refused
from authz.model.principals import Actor, Hop, Login
from authz.model.strict_json import JSON
from authz.steps.idp_token import MAX_ACR, MAX_AMR, MAX_USER, read_idp_token
from tests.support.values import replace

NOW = Instant(1_780_480_800)
CALLER = Hop(
    "research/research-agent",
    Actor("spiffe://example.org", "spiffe://example.org/ns/research/sa/research-agent"),
)
MEMBERS: dict[str, JSON] = {"scope": "docs:read docs:write", "groups": ["researchers"]}


def read(
    directory: Directory, members: Mapping[str, JSON], now: Instant = NOW, sub: str = "alice"
) -> Login | Refused:
    """Read a token of the issuer `corp` with those members changed."""
    issuer = directory.issuers["corp"]
    claims = ProvenClaims(
        issuer.url, sub, issuer.audiences, Instant(now + 60), {**MEMBERS, **members}
    )
    return read_idp_token(claims, issuer, CALLER, directory, now)


def login_of(directory: Directory, **members: JSON) -> Login:
    """Read a token that is good."""
    login = read(directory, members)
    assert isinstance(login, Login)
    return login


def test_only_groups_that_the_issuer_may_assert(directory: Directory) -> None:
    """A group that the `Issuer` may not assert means nothing, whatever its name."""
    login = login_of(directory, groups=["researchers", "operators", "admins"])

    assert login.groups == {"corp/researchers"}


def test_scopes_as_listed(directory: Directory) -> None:
    """The token's scopes are read as it lists them; what of them counts is decided later."""
    login = login_of(directory, scope="docs:read payments:refund search:query")

    assert login.scopes == {"docs:read", "payments:refund", "search:query"}


def test_what_a_login_says(directory: Directory) -> None:
    """What the credential says of the login is kept; a level only where the issuer declares it."""
    strong = login_of(directory, acr="urn:example:mfa", amr=["otp"], auth_time=Decimal("9.5"))
    odd = login_of(directory, acr="urn:example:other")

    assert (strong.authentication.level, strong.acr, strong.auth_time) == (2, "urn:example:mfa", 9)
    assert strong.authentication.amr == {"otp"}
    assert strong.authentication.time == 9
    assert (odd.authentication.level, odd.acr) == (0, "urn:example:other")


def test_nothing_said_counts_nothing(directory: Directory) -> None:
    """Claims that are absent or null give nobody anything."""
    login = login_of(directory, scope="", groups=None, acr=None, amr=None, auth_time=None)

    assert (login.groups, login.scopes) == (frozenset(), frozenset())
    assert (login.acr, login.auth_time) == (None, None)
    assert (login.authentication.level, login.authentication.time) == (0, EARLIEST)


UNREADABLE: tuple[dict[str, JSON], ...] = (
    {"scope": 5},
    {"scope": ["docs:read"]},
    {"scope": None},
    {"scope": "docs:r\u00e9ad"},
    {"groups": "researchers"},
    {"groups": {"researchers": True}},
    {"groups": ["researchers", 1]},
    {"groups": 1},
    {"acr": 2},
    {"acr": ["urn:example:mfa"]},
    {"acr": "x" * (MAX_ACR + 1)},
    {"amr": "otp"},
    {"amr": ["otp", None]},
    {"amr": [f"m{number}" for number in range(MAX_AMR + 1)]},
    {"amr": ["x" * (MAX_ACR + 1)]},
    {"auth_time": True},
    {"auth_time": "1"},
    {"auth_time": [1]},
    {"auth_time": {}},
    {"auth_time": -1},
    {"auth_time": NOW + SKEW + 1},
)


@pytest.mark.parametrize("members", UNREADABLE, ids=str)
def test_unreadable(members: dict[str, JSON], directory: Directory) -> None:
    """A mapped claim of another shape spoils the credential; it is never read as something else."""
    with pytest.raises(TokenRejected):
        read(directory, members)


def test_times_at_the_edge(directory: Directory) -> None:
    """A login may lie ahead by the skew, and never beyond the last instant there is."""
    assert login_of(directory, auth_time=NOW + SKEW).auth_time == NOW + SKEW
    assert login_of(directory, auth_time=0).auth_time == 0
    with pytest.raises(TokenRejected):
        read(directory, {"auth_time": LATEST + 1}, now=LATEST)


def test_what_every_login_has(directory: Directory) -> None:
    """Where the `Issuer` says what every login has, a token without it is a client's own."""
    corp = directory.issuers["corp"]
    claims = replace(corp.claims, login="/sid")
    said = replace(directory, issuers={"corp": replace(corp, claims=claims)})

    assert isinstance(read(said, {"sid": "s-1"}), Login)
    for members in ({}, {"sid": None}, {"Sid": "s-1"}):
        with pytest.raises(TokenRejected, match="names no user"):
            read(said, members)
    assert isinstance(read(directory, {}), Login)


@pytest.mark.parametrize("sub", ["spiffe://example.org/ns/a/sa/b", "a" * (MAX_USER + 1)])
def test_odd_users(sub: str, directory: Directory) -> None:
    """A user has a name of bounded length that could not be a workload's."""
    with pytest.raises(TokenRejected):
        read(directory, {}, sub=sub)
    assert isinstance(read(directory, {}, sub="a" * MAX_USER), Login)
