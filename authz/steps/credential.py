"""A bearer token to its user: whose it is, by which keys or by whose word, and for whom."""

from __future__ import annotations

import re

from authz.directory.compiled import Agent, Issuer, KeysByUrl, Target
from authz.identity.access_token import (
    MAX_TOKEN_BYTES,
    Expectations,
    KeyUnknown,
    TokenRejected,
    UnverifiedToken,
    take_apart,
    verify_access_token,
)
from authz.identity.introspection import believe_introspected, is_opaque
from authz.identity.keys import IssuerKeys
from authz.model.needs import (
    Inactive,
    Introspected,
    IntrospectionNeeded,
    KeysNeeded,
    Need,
    Unanswered,
)
from authz.model.outcome import Refused
from authz.model.principals import Hop, Login
from authz.model.reasons import Reason
from authz.steps.given import Given
from authz.steps.idp_token import read_idp_token
from authz.steps.own_token import read_own_token

OWN_ALGORITHMS = frozenset({"ES256"})

_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/=-]+)")


def prove_login(
    header: str, agent: Agent, given: Given, caller: Hop, target: Target | None
) -> Login | Refused | Need:
    """
    Prove what an `authorization` header says of a user.

    Returns:
        What the credential says; a refusal, `fault` where nobody can say now;
        or what has to be found out first.
    """
    bearer = _BEARER.fullmatch(header)
    if bearer is None:
        return Refused(Reason.CREDENTIAL_INVALID, "authorization is no single bearer token")
    try:
        return _read(bearer[1], agent, given, caller, target)
    except TokenRejected as error:
        return Refused(Reason.CREDENTIAL_INVALID, str(error))


def _read(
    token: str, agent: Agent, given: Given, caller: Hop, target: Target | None
) -> Login | Refused | Need:
    directory = given.world.directory
    if is_opaque(token):
        return _read_opaque(token, given, caller, target)
    unverified = take_apart(token)
    if unverified.issuer == directory.gate.issuer_url:
        audiences = {agent.audience} if agent.audience else set()
        expected = Expectations(directory.gate.issuer_url, audiences, OWN_ALGORITHMS)
        claims = verify_access_token(unverified, given.world.own_keys, expected, given.now)
        return read_own_token(claims, agent, caller, directory)
    issuer = directory.issuers_by_url.get(unverified.issuer)
    if issuer is None:
        raise TokenRejected("iss is no declared Issuer")
    expected = _expected(issuer, target)
    return _read_signed(unverified, issuer, given, caller, expected)


def _read_signed(
    unverified: UnverifiedToken,
    issuer: Issuer,
    given: Given,
    caller: Hop,
    expected: Expectations,
) -> Login | Refused | Need:
    """
    Read an issuer's JWT. A key that is not known is no proof of a bad token while keys are stale,
    nor where nobody could look for it.

    Otherwise an outage of the issuer, or a crowd after it rotated its keys, would send its users
    to log in, which they could not, or need not.
    """
    need = KeysNeeded(issuer.name)
    answer = given.answers.get(need)
    keys = answer if isinstance(answer, IssuerKeys) else given.world.issuer_keys[issuer.name]
    try:
        usable = keys.at(given.now)
        claims = verify_access_token(unverified, usable, expected, given.now)
    except KeyUnknown as unknown:
        if not isinstance(issuer.keys, KeysByUrl):
            raise
        if need not in given.answers:
            return need
        if isinstance(answer, Unanswered):
            return Refused(Reason.FAULT, f"{issuer.name} was not asked about a key: {answer.why}")
        if not keys.are_fresh(given.now):
            return Refused(Reason.FAULT, f"the keys of {issuer.name} are too old to tell")
        raise TokenRejected(str(unknown)) from None
    return read_idp_token(claims, issuer, caller, given.world.directory, given.now)


def _read_opaque(
    token: str, given: Given, caller: Hop, target: Target | None
) -> Login | Refused | Need:
    directory = given.world.directory
    issuer = directory.introspecting
    if issuer is None:
        raise TokenRejected("it is no JWS in compact form, and no Issuer is asked about others")
    if len(token) > MAX_TOKEN_BYTES:
        raise TokenRejected(f"the token is longer than {MAX_TOKEN_BYTES} bytes")
    need = IntrospectionNeeded(issuer.name, token)
    match given.answers.get(need):
        case None:
            return need
        case Introspected(members):
            claims = believe_introspected(members, _expected(issuer, target), given.now)
            return read_idp_token(claims, issuer, caller, directory, given.now)
        case Inactive():
            raise TokenRejected("its issuer says that it is not active")
        case Unanswered(why):
            return Refused(Reason.FAULT, f"{issuer.name} was asked about an opaque token: {why}")
    raise TypeError("an introspection was answered with something else")


def _expected(issuer: Issuer, target: Target | None) -> Expectations:
    """Give what a token must show: that it is for us, or for the very target that is asked."""
    resource = target.resource if target else None
    audiences = issuer.audiences if resource is None else issuer.audiences | {resource}
    return Expectations(issuer.url, audiences, issuer.algorithms)
