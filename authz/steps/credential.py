"""A bearer token: whose it is, by which keys or by whose word, for whom, and of which user."""

from __future__ import annotations

import re

from authz.directory.compiled import Issuer, KeysByUrl, Target
from authz.directory.listening import Direction
from authz.identity.access_token import (
    MAX_TOKEN_BYTES,
    Expectations,
    KeyUnknown,
    TokenRejected,
    UnverifiedToken,
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
from authz.steps.given import Bearer, Given, direction_of
from authz.steps.idp_token import read_idp_token
from authz.steps.own_token import Recipient, read_arriving_token, read_own_token

OWN_ALGORITHMS = frozenset({"ES256"})

_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/=-]+)")


def prove_bearer(
    header: str,
    given: Given,
    target: Target | None,
    *,
    ours: str | None,
    certificate: str | None = None,
) -> Bearer | Refused | Need:
    """
    Prove an `authorization` header: a token of a declared issuer or of ours, for us, now.

    Args:
        header: Its value.
        given: What is decided.
        target: Where the call goes; a token for that very target counts too.
        ours: The one `aud` of a token that we minted; None where none counts.
        certificate: `x5t#S256` of the caller's certificate, if it was proven by one.

    Returns:
        The proven token; a refusal, `fault` where nobody can say now; or what has
        to be found out first.
    """
    bearer = _BEARER.fullmatch(header)
    if bearer is None:
        return Refused(Reason.CREDENTIAL_INVALID, "authorization is no single bearer token")
    try:
        return _prove(bearer[1], given, target, ours, certificate)
    except TokenRejected as error:
        return Refused(Reason.CREDENTIAL_INVALID, str(error))


def read_login(
    bearer: Bearer, caller: Hop | None, recipient: Recipient | None, given: Given
) -> Login | Refused:
    """
    Give what a proven token says of a user, for *caller* who presents it, if an agent does.

    *recipient* is whom a token of ours is for.
    """
    directory = given.world.directory
    try:
        if bearer.issuer is not None:
            return read_idp_token(bearer.claims, bearer.issuer, caller, directory, given.now)
        if recipient is None or caller is None:
            return Refused(Reason.CHAIN_REFUSED, "nobody is proven whom a token of ours names")
        if direction_of(given) is Direction.IN:
            return read_arriving_token(bearer.claims, recipient, caller, directory)
        return read_own_token(bearer.claims, recipient, caller, directory)
    except TokenRejected as error:
        return Refused(Reason.CREDENTIAL_INVALID, str(error))


def _prove(
    token: str, given: Given, target: Target | None, ours: str | None, certificate: str | None
) -> Bearer | Refused | Need:
    directory = given.world.directory
    if is_opaque(token):
        return _prove_opaque(token, given, target, certificate)
    signatures = given.world.signatures
    unverified = signatures.take_apart(token)
    if unverified.issuer == directory.gate.issuer_url:
        audiences = {ours} if ours else set()
        url = directory.gate.issuer_url
        expected = Expectations(url, audiences, OWN_ALGORITHMS, certificate)
        claims = signatures.verify(unverified, given.world.own_keys, expected, given.now)
        return Bearer(claims, None, claims.expires)
    issuer = directory.issuers_by_url.get(unverified.issuer)
    if issuer is None:
        raise TokenRejected("iss is no declared Issuer")
    return _prove_signed(unverified, issuer, given, _expected(issuer, target, certificate))


def _prove_signed(
    unverified: UnverifiedToken, issuer: Issuer, given: Given, expected: Expectations
) -> Bearer | Refused | Need:
    """
    Prove an issuer's JWT. A key that is not known is no proof of a bad token while keys are stale,
    nor where nobody could look for it.

    Otherwise an outage of the issuer, or a crowd after it rotated its keys, would send its users
    to log in, which they could not, or need not.
    """
    need = KeysNeeded(issuer.name)
    answer = given.answers.get(need)
    keys = answer if isinstance(answer, IssuerKeys) else given.world.issuer_keys[issuer.name]
    try:
        usable = keys.at(given.now)
        claims = given.world.signatures.verify(unverified, usable, expected, given.now)
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
    return Bearer(claims, issuer, min(claims.expires, keys.usable_until))


def _prove_opaque(
    token: str, given: Given, target: Target | None, certificate: str | None
) -> Bearer | Refused | Need:
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
            expected = _expected(issuer, target, certificate)
            claims = believe_introspected(members, expected, given.now)
            return Bearer(claims, issuer, claims.expires)
        case Inactive():
            raise TokenRejected("its issuer says that it is not active")
        case Unanswered(why):
            return Refused(Reason.FAULT, f"{issuer.name} was asked about an opaque token: {why}")
    raise TypeError("an introspection was answered with something else")


def _expected(issuer: Issuer, target: Target | None, certificate: str | None) -> Expectations:
    """Give what a token must show: that it is for us, or for the very target that is asked."""
    resource = target.resource if target else None
    audiences = issuer.audiences if resource is None else issuer.audiences | {resource}
    return Expectations(issuer.url, audiences, issuer.algorithms, certificate)
