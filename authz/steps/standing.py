"""What a user who logged in could ever hold, and what the credential carries of it."""

from __future__ import annotations

from typing import assert_never

from authz.directory.compiled import Directory, Issuer, Role, UserScopes
from authz.model.principals import Login, Subject, UserId
from authz.model.scopes import ScopePatterns, Scopes


def subject_of(login: Login, directory: Directory) -> Subject:
    """
    Give the standing of a user by the issuer's `userScopes`.

    What we minted was cut to all this before it was handed on, and has no
    groups: for it, could and carries are its scope.
    """
    roles = roles_of(login.user, login.groups, directory)
    if login.is_ours:
        could, carries = ScopePatterns(login.scopes), login.scopes
    else:
        issuer = directory.issuers[login.user.issuer]
        could, carries = _limits(login.scopes, roles, issuer)
    return Subject(
        user=login.user,
        groups=login.groups,
        roles=frozenset(role.name for role in roles),
        could=could,
        carries=carries,
        authentication=login.authentication,
        inherited=login.inherited,
        expires=login.expires,
        acr=login.acr,
        auth_time=login.auth_time,
        said=login.scopes,
    )


def _limits(said: Scopes, roles: tuple[Role, ...], issuer: Issuer) -> tuple[ScopePatterns, Scopes]:
    """Give what could ever be held, and what is carried now."""
    given = issuer.scopes.within(frozenset().union(*(role.scopes for role in roles)))
    match issuer.user_scopes:
        case UserScopes.TOKEN:
            return issuer.scopes, issuer.scopes.within(said)
        case UserScopes.ROLES:
            return ScopePatterns(given), given
        case UserScopes.TOKEN_WITHIN_ROLES:
            return ScopePatterns(given), said & given
        case other:
            assert_never(other)


def roles_of(user: UserId, groups: frozenset[str], directory: Directory) -> tuple[Role, ...]:
    """Give the roles that *user* has by name or by one of *groups*, each once."""
    found = list(directory.roles_by_user.get(str(user), ()))
    for group in groups:
        found.extend(directory.roles_by_group.get(group, ()))
    return tuple({role.name: role for role in found}.values())
