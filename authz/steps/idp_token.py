"""A user's token from an identity provider: what it says, as far as its `Issuer` may say it."""

from __future__ import annotations

from collections.abc import Mapping

from authz.directory.compiled import Directory, Issuer
from authz.identity.access_token import SKEW, ProvenClaims, TokenRejected
from authz.identity.client import is_of_login
from authz.model.instant import EARLIEST, LATEST, Instant
from authz.model.outcome import Refused
from authz.model.pointer import look_up
from authz.model.principals import Authentication, Hop, Login, UserId
from authz.model.scopes import Scopes, parse_scopes
from authz.model.spiffe import SCHEME
from authz.model.strict_json import JSON
from authz.steps.chain import refuse_foreign_act, refuse_foreign_client, refuse_other_actor

MAX_USER = 256
"""Characters of a user's `sub`."""

MAX_ACR = 256
"""Characters. It goes on in every token that is minted, and into the key of what policies said."""

MAX_AMR = 64
"""Methods of a login, of at most `MAX_ACR` characters each: they go into that key as well."""


def read_idp_token(
    claims: ProvenClaims, issuer: Issuer, caller: Hop | None, directory: Directory, now: Instant
) -> Login | Refused:
    """
    Give what a proven token says of its user; *caller* is the agent that presents it, if one does.

    Raises:
        TokenRejected: a mapped claim has a shape that cannot be read.
    """
    members = claims.members
    if claims.subject.startswith(SCHEME):
        raise TokenRejected("sub of a user looks like a workload")
    if len(claims.subject) > MAX_USER:
        raise TokenRejected(f"sub of a user is longer than {MAX_USER} characters")
    if "act" in members:
        return refuse_foreign_act(members["act"], caller, directory)
    foreign = _refuse_foreign(members, issuer, caller, directory)
    if foreign is not None:
        return foreign
    if claims.subject in (members.get("client_id"), members.get("azp")):
        # RFC 9068 section 2.2: what a client was given for itself would make it its own user.
        raise TokenRejected("it was given to a client for itself, so it names no user")
    if not is_of_login(claims, issuer.claims.login):
        raise TokenRejected(
            f"it has no {issuer.claims.login}, as every login has: it names no user"
        )
    user = UserId(issuer.name, claims.subject)
    asserted = _strings(members, issuer.claims.groups) & issuer.groups
    acr = _text(members, issuer.claims.acr, MAX_ACR)
    authenticated = _auth_time(members, issuer, now)
    return Login(
        user=user,
        groups=frozenset(f"{issuer.name}/{group}" for group in asserted),
        scopes=scopes_of(members),
        authentication=Authentication(
            level=level_of(acr, issuer),
            acr=acr or "",
            amr=_methods(members, issuer.claims.amr),
            time=EARLIEST if authenticated is None else authenticated,
        ),
        expires=claims.expires,
        acr=acr,
        auth_time=authenticated,
    )


def _refuse_foreign(
    members: Mapping[str, JSON], issuer: Issuer, caller: Hop | None, directory: Directory
) -> Refused | None:
    """Refuse what was given to another agent, or may be used by another one only."""
    if caller is None:
        return refuse_foreign_client(members, issuer.name, (), directory)
    foreign = refuse_foreign_client(members, issuer.name, (caller,), directory)
    if foreign is None and "may_act" in members:
        return refuse_other_actor(members["may_act"], issuer, caller, directory)
    return foreign


def level_of(acr: str | None, issuer: Issuer) -> int:
    """Give how strong a login *acr* was; what is not said or not declared counts nothing."""
    return 0 if acr is None else issuer.acr_levels.get(acr, 0)


def scopes_of(members: Mapping[str, JSON]) -> Scopes:
    """
    Read the `scope` claim; absent means none.

    Raises:
        TokenRejected: it is no string of scopes.
    """
    scope = members.get("scope", "")
    if not isinstance(scope, str):
        raise TokenRejected("scope is no string")
    try:
        return parse_scopes(scope)
    except ValueError as error:
        raise TokenRejected(f"scope: {error}") from None


def _strings(members: Mapping[str, JSON], pointer: str | None) -> frozenset[str]:
    rows = look_up(dict(members), pointer) if pointer else None
    if rows is None:
        return frozenset()
    if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
        raise TokenRejected(f"the claim at {pointer} is no list of strings")
    return frozenset(row for row in rows if isinstance(row, str))


def _methods(members: Mapping[str, JSON], pointer: str | None) -> frozenset[str]:
    methods = _strings(members, pointer)
    if len(methods) > MAX_AMR or any(len(method) > MAX_ACR for method in methods):
        limit = f"at most {MAX_AMR} strings of at most {MAX_ACR} characters"
        raise TokenRejected(f"the claim at {pointer} is no list of {limit}")
    return methods


def _text(members: Mapping[str, JSON], pointer: str | None, most: int) -> str | None:
    value = look_up(dict(members), pointer) if pointer else None
    if value is not None and (not isinstance(value, str) or len(value) > most):
        raise TokenRejected(f"the claim at {pointer} is no string of at most {most} characters")
    return value


def _auth_time(members: Mapping[str, JSON], issuer: Issuer, now: Instant) -> Instant | None:
    pointer = issuer.claims.auth_time
    value = look_up(dict(members), pointer) if pointer else None
    if value is None:
        return None
    if isinstance(value, (bool, str, list, dict)) or not 0 <= value <= min(now + SKEW, LATEST):
        # A login in the future would look fresh for ever.
        raise TokenRejected(f"the claim at {pointer} is no time that has come")
    return Instant(int(value))
