"""The self-check: a signed token says what was decided, and no more.

It reads the bytes that would be released and compares them with the inputs of
the decision, clause by clause of "authority only narrows", in words of its own:
nothing that described the token is used here, so a mistake there is found here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from authz.directory.compiled import Agent, Gate, Target, TokenMode
from authz.identity.access_token import (
    Expectations,
    ProvenClaims,
    TokenRejected,
    take_apart,
    verify_access_token,
)
from authz.identity.keys import KeySet
from authz.model.instant import Instant
from authz.model.outcome import CheckedToken
from authz.model.principals import Actor, Hop, Subject
from authz.model.scopes import Scopes, parse_scopes
from authz.model.strict_json import JSON

ALGORITHM = "ES256"
MAX_LIFETIME = 300
"""Seconds, whatever the Gate says."""

ALWAYS = frozenset({"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"})
SOMETIMES = frozenset({"act", "acr", "auth_time"})


class Inputs(Struct, frozen=True, gc=False):
    """What a token was decided from, as the steps proved it and before anything was made of it."""

    decision: str
    gate: Gate
    target: Target
    caller: Hop
    subject: Subject | None
    agents: Mapping[str, Agent]
    """Every declared agent, by name."""

    required: Scopes
    granted: Scopes
    """What policy grants."""

    until: Instant
    """The first instant at which a proof is over that it was decided by: the user's credential, and
    the certificate, the client's token or the issuer's keys."""

    def are_those_of(self, other: Inputs) -> bool:
        """Say whether all but the decision are the same objects, or equal scopes."""
        return (
            self.gate is other.gate
            and self.target is other.target
            and self.caller is other.caller
            and self.subject is other.subject
            and self.agents is other.agents
            and self.until == other.until
            and self.required == other.required
            and self.granted == other.granted
        )


class TokenTooWide(ValueError):
    """The signed token says more, or something else, than was decided."""


def check_without_token(target: Target) -> None:
    """
    Check that *target* is one that a call may reach without a token.

    Raises:
        TokenTooWide: it takes tokens.
    """
    if target.token is not TokenMode.NONE:
        raise TokenTooWide("no token goes to a target that takes one")


class Minted(Struct, frozen=True, gc=False):
    """A token that was signed and passed the check, so that it may be released."""

    token: CheckedToken
    claims: ProvenClaims
    """Read back from the signed bytes."""

    inputs: Inputs
    """Of the decision that it was signed for, which its `jti` names."""

    issued: Instant


def check_minted(compact: str, keys: KeySet, inputs: Inputs, now: Instant) -> Minted:
    """
    Check a token that is about to be released.

    Raises:
        TokenTooWide: it does not verify, has another set of members than the
            contract, or one of them exceeds an input of the decision.
    """
    expected = Expectations(inputs.gate.issuer_url, {inputs.target.audience}, {ALGORITHM})
    try:
        claims = verify_access_token(take_apart(compact), keys, expected, now)
        if claims.members["jti"] != inputs.decision:
            raise TokenTooWide("jti is not the decision")
        if claims.members["iat"] != now:
            raise TokenTooWide("iat is not now")
        _check_members(claims.members, inputs, now)
    except (TokenRejected, ValueError, KeyError) as error:
        raise TokenTooWide(str(error)) from error
    return Minted(CheckedToken(compact), claims, inputs, now)


def check_again(minted: Minted, inputs: Inputs, now: Instant) -> None:
    """
    Check a token that was signed for an earlier decision and would be released for this one.

    All that holds for a new one has to hold, its `jti` and `iat` aside: they are
    the earlier decision's.

    Raises:
        TokenTooWide: a member exceeds an input of this decision, or it is over.
    """
    if not minted.issued <= now < minted.claims.expires:
        raise TokenTooWide("it is not yet, or no longer, valid")
    if inputs.caller != minted.inputs.caller:
        raise TokenTooWide("it was signed for another caller")
    if inputs.are_those_of(minted.inputs):
        return  # It was checked against the very same; time only makes it shorter.
    try:
        _check_members(minted.claims.members, inputs, now)
    except (ValueError, KeyError) as error:
        raise TokenTooWide(str(error)) from error


def _check_members(members: Mapping[str, JSON], inputs: Inputs, now: Instant) -> None:
    _check_who(members, inputs)
    _check_scopes(members["scope"], inputs)
    _check_times(members, inputs, now)


def _check_who(members: Mapping[str, JSON], inputs: Inputs) -> None:
    if not ALWAYS <= members.keys() <= ALWAYS | SOMETIMES:
        raise TokenTooWide("the set of members is not the contract's")
    if members["iss"] != inputs.gate.issuer_url:
        raise TokenTooWide("iss is not the Gate's")
    if members["aud"] != inputs.target.audience:
        raise TokenTooWide("aud is not exactly the target")
    if members["client_id"] != inputs.caller.actor.sub:
        raise TokenTooWide("client_id is not the proven caller")
    if not _is_named(members["sub"], inputs):
        raise TokenTooWide("sub is not who was proven")
    inherited = inputs.subject.inherited if inputs.subject else ()
    proven = [inputs.caller.actor, *(hop.actor for hop in inherited)] if inputs.subject else []
    if ("act" in members) is not bool(proven):
        raise TokenTooWide("act stands without a user, or a user without act")
    if proven and members["act"] != _nested(proven):
        raise TokenTooWide("act is not exactly the proven chain")
    for name in ("acr", "auth_time"):
        said = getattr(inputs.subject, name) if inputs.subject else None
        if members.get(name) != said:
            raise TokenTooWide(f"{name} is not what the credential said")


def _is_named(sub: JSON, inputs: Inputs) -> bool:
    """Say whether *sub* is the user as the target understands it, or the caller without a user."""
    if inputs.subject is None:
        return sub == inputs.caller.actor.sub
    user, plain = inputs.subject.user, inputs.target.subjects.issuer
    if plain is None:
        return sub == f"{user.issuer}/{user.sub}"
    return plain == user.issuer and sub == user.sub


def _nested(actors: Sequence[Actor]) -> JSON:
    """Give the `act` that names *actors*, the first outermost, and says nothing else."""
    first, *rest = actors
    own: dict[str, JSON] = {"iss": first.iss, "sub": first.sub}
    return own | {"act": _nested(rest)} if rest else own


def _check_scopes(scope: JSON, inputs: Inputs) -> None:
    if not isinstance(scope, str):
        raise TokenTooWide("scope is no string")
    scopes = parse_scopes(scope)
    if not scopes <= inputs.required:
        raise TokenTooWide("a scope is not the operation's")
    if not scopes <= inputs.granted:
        raise TokenTooWide("a scope is not granted by policy")
    user = inputs.subject
    if user is not None and not scopes <= user.carries & user.could.within(scopes):
        raise TokenTooWide("a scope is not the user's")
    inherited = inputs.subject.inherited if inputs.subject else ()
    for hop in (inputs.caller, *inherited):
        if not scopes <= inputs.agents[hop.agent].scopes:
            raise TokenTooWide(f"a scope is outside the ceiling of {hop.agent}")


def _check_times(members: Mapping[str, JSON], inputs: Inputs, now: Instant) -> None:
    expires = members["exp"]
    if not isinstance(expires, int):
        raise TokenTooWide("exp is no whole number")
    if expires - now > min(MAX_LIFETIME, inputs.gate.token_lifetime):
        raise TokenTooWide("exp is later than a token of ours may live")
    if inputs.subject is not None and expires > inputs.subject.expires:
        raise TokenTooWide("exp is later than the credential's")
    if expires > inputs.until:
        raise TokenTooWide("exp is later than a proof's")
