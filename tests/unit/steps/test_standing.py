"""`userScopes`: what a user could ever hold, and what a credential carries, in all three modes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz.directory.compiled import Directory, Role, UserScopes
from authz.model.instant import LATEST
from authz.model.principals import Actor, Authentication, Hop, Login, UserId
from authz.model.scopes import ScopePatterns
from authz.steps.standing import subject_of
from tests.laws.deciding import NAMED, directory_of
from tests.support.values import replace

SCOPES = ("a:read", "a:write", "b:read", "c")
some = st.frozensets(st.sampled_from(SCOPES))
MAY_ASSERT = ScopePatterns(frozenset({"c"}), ("a:",))
HOP = Hop("team/agent-1", Actor("spiffe://example.org", "spiffe://example.org/ns/team/sa/1"))
WITHIN = frozenset({"a:read", "a:write", "c"})
"""Those of `SCOPES` that the issuer may assert."""


def directory(mode: UserScopes, given_by_role: frozenset[str]) -> Directory:
    """Give a directory with one issuer and one role of alice's."""
    base = directory_of(NAMED)
    role = Role("r", frozenset(), frozenset({"corp/alice"}), given_by_role)
    issuer = replace(base.issuers["corp"], scopes=MAY_ASSERT, user_scopes=mode)
    return replace(base, issuers={"corp": issuer}, roles_by_user={"corp/alice": (role,)})


def login(said: frozenset[str]) -> Login:
    """Give what alice's token says."""
    alice = UserId("corp", "alice")
    return Login(alice, frozenset(), said, Authentication(), LATEST)


@given(said=some, role=some)
def test_modes(said: frozenset[str], role: frozenset[str]) -> None:
    """Could and carries are what the document says, and nobody carries what could not be held."""
    expected = {
        UserScopes.TOKEN: (WITHIN, said & WITHIN),
        UserScopes.ROLES: (role & WITHIN, role & WITHIN),
        UserScopes.TOKEN_WITHIN_ROLES: (role & WITHIN, said & role & WITHIN),
    }
    for mode in UserScopes:
        subject = subject_of(login(said), directory(mode, role))

        assert (subject.could.within(frozenset(SCOPES)), subject.carries) == expected[mode]
        assert subject.could.within(subject.carries) == subject.carries
        assert subject.roles == {"r"}


@pytest.mark.parametrize("inherited", [(HOP,), ()], ids=["on its way back", "arriving"])
@pytest.mark.parametrize("mode", UserScopes)
def test_coming_back(mode: UserScopes, inherited: tuple[Hop, ...]) -> None:
    """What we minted was cut before it was handed on: its scope is what counts, in every mode."""
    said = frozenset({"b:read"})
    ours = replace(login(said), inherited=inherited, is_ours=True)

    subject = subject_of(ours, directory(mode, frozenset(SCOPES)))

    assert subject.carries == subject.could.within(frozenset(SCOPES)) == said
