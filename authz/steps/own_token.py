"""A token that we minted: presented by the agent that it is for, or on its way to that agent."""

from __future__ import annotations

from authz.directory.compiled import Agent, Directory, Target
from authz.identity.access_token import ProvenClaims, TokenRejected, numeric_date
from authz.model.instant import EARLIEST
from authz.model.outcome import Refused
from authz.model.principals import Authentication, Hop, Login, SubjectForm, UserId
from authz.model.spiffe import SCHEME
from authz.steps.chain import continue_chain, inherit_chain, refuse_foreign_client
from authz.steps.idp_token import level_of, scopes_of

Recipient = Agent | Target
"""Whom a token of ours is for: the agent that asks or, where it arrives, the one that is asked."""


def read_own_token(
    claims: ProvenClaims, agent: Recipient, caller: Hop, directory: Directory
) -> Login | Refused:
    """
    Give the user of our own token, and the chain that it has passed. It has no groups.

    Raises:
        TokenRejected: it has another audience beside the agent's, or its `sub`
            names no user of a declared issuer.
    """
    _check_audience(claims, agent)
    inherited = inherit_chain(claims.members.get("act"), caller, directory)
    return _login(claims, agent, caller, inherited, directory)


def read_arriving_token(
    claims: ProvenClaims, agent: Recipient, caller: Hop, directory: Directory
) -> Login | Refused:
    """
    Give the user of our own token that *caller* sends to *agent*, and the chain before *caller*.

    Its outermost actor is the caller itself: nothing is added to the chain.

    Raises:
        TokenRejected: as `read_own_token`.
    """
    _check_audience(claims, agent)
    inherited = continue_chain(claims.members.get("act"), caller, directory)
    return _login(claims, agent, caller, inherited, directory)


def _check_audience(claims: ProvenClaims, agent: Recipient) -> None:
    if claims.audiences != {agent.audience}:
        raise TokenRejected("aud is not that agent's alone")


def _login(
    claims: ProvenClaims,
    agent: Recipient,
    caller: Hop,
    inherited: tuple[Hop, ...] | Refused,
    directory: Directory,
) -> Login | Refused:
    if isinstance(inherited, Refused):
        return inherited
    members = claims.members
    foreign = refuse_foreign_client(members, "", (caller, *inherited), directory)
    if foreign is not None:
        return foreign
    user = _user(claims.subject, agent.subjects, directory)
    acr, auth_time = members.get("acr"), numeric_date(members, "auth_time")
    if acr is not None and not isinstance(acr, str):
        raise TokenRejected("acr is no string")
    level = level_of(acr, directory.issuers[user.issuer])
    return Login(
        user=user,
        groups=frozenset(),
        scopes=scopes_of(members),
        authentication=Authentication(level=level, acr=acr or "", time=auth_time or EARLIEST),
        inherited=inherited,
        expires=claims.expires,
        acr=acr,
        auth_time=auth_time,
        is_ours=True,
    )


def _user(sub: str, form: SubjectForm, directory: Directory) -> UserId:
    """Undo how users are written in tokens for this agent."""
    if sub.startswith(SCHEME):
        raise TokenRejected("sub names a workload, not a user")
    user = form.read(sub)
    if user is None or user.issuer not in directory.issuers:
        raise TokenRejected("sub names no user of a declared issuer")
    return user
