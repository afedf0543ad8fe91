"""`model.principals.SubjectForm`: what is written for one user is read as that user."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz.model.principals import QUALIFIED, SubjectForm, UserId

issuers = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?", fullmatch=True)
users = st.builds(UserId, issuers, st.text(min_size=1))


@given(users)
def test_round_trip(user: UserId) -> None:
    """Qualified or plain, a user is read as it was written, whatever its `sub` holds."""
    for form in (QUALIFIED, SubjectForm(user.issuer)):
        assert form.understands(user)
        assert form.read(form.write(user)) == user


@given(users, users)
def test_no_two_users_are_written_alike(one: UserId, other: UserId) -> None:
    """Two users that one form can write are written differently."""
    for form in (QUALIFIED, SubjectForm(one.issuer)):
        if one != other and form.understands(other):
            assert form.write(one) != form.write(other)


def test_another_issuers_user() -> None:
    """A plain form never writes another issuer's user: it would be somebody else."""
    form = SubjectForm("corp")

    assert not form.understands(UserId("partner", "alice"))
    with pytest.raises(ValueError, match="another issuer"):
        form.write(UserId("partner", "alice"))


@pytest.mark.parametrize("sub", ["", "alice", "/alice", "corp/"])
def test_nobody(sub: str) -> None:
    """A text that is no `issuer/sub` stands for nobody."""
    assert QUALIFIED.read(sub) is None
