"""The self-check: a signed token says what was decided, and no more.

It reads the bytes that would be released. What it compares them with are the
inputs of the decision, clause by clause of "authority only narrows".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from authz.identity.access_token import (
    Expectations,
    TokenRejected,
    take_apart,
    verify_access_token,
)
from authz.identity.chain import ChainMalformed, read_act
from authz.identity.keys import KeySet
from authz.model.instant import Instant
from authz.model.principals import Actor
from authz.model.scopes import Scopes, parse_scopes
from authz.model.strict_json import JSON

ALWAYS = frozenset({"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"})
SOMETIMES = frozenset({"act", "acr", "auth_time"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What a token may say at most, from the inputs of its decision."""

    issuer: str
    subject: str
    audience: str
    caller: Actor
    chain: tuple[Actor, ...]
    """What `act` must name: the proven chain, or nobody."""

    ceilings: tuple[Scopes, ...]
    """Required by the operation, held by the user and by every agent, granted by policy."""

    ends: tuple[Instant, ...]
    """The latest `exp` that each input allows."""

    carried: tuple[tuple[str, JSON], ...] = ()
    """`acr` and `auth_time` as the subject's credential had them."""


class TokenTooWide(ValueError):
    """The signed token says more, or something else, than was decided."""


def check_minted(compact: str, keys: KeySet, limits: Limits, now: Instant) -> None:
    """
    Check a token that is about to be released.

    Raises:
        TokenTooWide: it does not verify, has another set of members than the
            contract, or exceeds one of *limits*.
    """
    try:
        unverified = take_apart(compact)
        expected = Expectations(limits.issuer, {limits.audience}, {"ES256"})
        members = verify_access_token(unverified, keys, expected, now).members
        _check_members(members, limits)
    except (TokenRejected, ChainMalformed, ValueError) as error:
        raise TokenTooWide(str(error)) from error


def _check_members(members: Mapping[str, JSON], limits: Limits) -> None:
    if not ALWAYS <= members.keys() <= ALWAYS | SOMETIMES:
        raise TokenTooWide("the set of members is not the contract's")
    if members["aud"] != limits.audience:
        raise TokenTooWide("aud is not exactly the target")
    if (members["sub"], members["client_id"]) != (limits.subject, limits.caller.sub):
        raise TokenTooWide("sub or client_id is not who was proven")
    actors = read_act(members["act"]) if "act" in members else ()
    if actors != limits.chain:
        raise TokenTooWide("act is not exactly the proven chain")
    scopes = parse_scopes(str(members["scope"]))
    if not all(scopes <= ceiling for ceiling in limits.ceilings):
        raise TokenTooWide("a scope is outside a party's ceiling")
    expires = members["exp"]
    if not isinstance(expires, int) or any(expires > end for end in limits.ends):
        raise TokenTooWide("exp is later than an input's")
    carried = {name: members[name] for name in ("acr", "auth_time") if name in members}
    if carried != dict(limits.carried):
        raise TokenTooWide("acr or auth_time is not what the credential said")
