"""`steps.own_token`: a token of ours counts only for whom it was minted, with its chain."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from authz.directory.compiled import Directory
from authz.identity.access_token import ProvenClaims, TokenRejected
from authz.model.instant import EARLIEST, Instant
from authz.model.outcome import Refused
from authz.model.principals import Actor, Hop, Login, SubjectForm, UserId
from authz.model.reasons import Reason
from authz.model.strict_json import JSON
from authz.steps.own_token import read_own_token
from tests.support.values import replace

DOMAIN = "spiffe://example.org"
CALLER = Hop("reports/reporting-agent", Actor(DOMAIN, f"{DOMAIN}/ns/reports/sa/reporting-agent"))
BEFORE = Hop("research/research-agent", Actor(DOMAIN, f"{DOMAIN}/ns/research/sa/research-agent"))
OURS = "https://reporting-agent.reports.example"
MEMBERS: dict[str, JSON] = {
    "client_id": BEFORE.actor.sub,
    "scope": "docs:read",
    "act": {"iss": BEFORE.actor.iss, "sub": BEFORE.actor.sub},
}


def read(
    directory: Directory,
    members: Mapping[str, JSON],
    sub: str = "corp/alice",
    audiences: frozenset[str] = frozenset({OURS}),
) -> Login | Refused:
    """Read a token that was minted for the caller, with those members changed."""
    claims = ProvenClaims(
        directory.gate.issuer_url, sub, audiences, Instant(99), {**MEMBERS, **members}
    )
    return read_own_token(claims, directory.agents[CALLER.agent], CALLER, directory)


def test_what_it_says(directory: Directory) -> None:
    """Its scope is what it says, and the login goes on unchanged."""
    login = read(directory, {"acr": "urn:example:mfa", "auth_time": 9})

    assert isinstance(login, Login)
    assert (login.user, login.inherited) == (UserId("corp", "alice"), (BEFORE,))
    assert login.scopes == {"docs:read"}
    assert login.groups == frozenset()
    assert (login.acr, login.auth_time, login.expires) == ("urn:example:mfa", 9, 99)
    assert (login.authentication.level, login.authentication.time) == (2, 9)


def test_nothing_said_counts_nothing(directory: Directory) -> None:
    """Without `acr` and `auth_time` nothing is known of the login."""
    login = read(directory, {})

    assert isinstance(login, Login)
    assert (login.acr, login.auth_time) == (None, None)
    assert (login.authentication.level, login.authentication.time) == (0, EARLIEST)


REJECTED: dict[str, dict[str, JSON]] = {
    "acr is a number": {"acr": 2},
    "acr is a list": {"acr": ["urn:example:mfa"]},
    "scope is a list": {"scope": ["docs:read"]},
    "client is a list": {"client_id": ["x"]},
    "auth_time is a text": {"auth_time": "9"},
}


@pytest.mark.parametrize("members", REJECTED.values(), ids=REJECTED)
def test_rejected_members(members: dict[str, JSON], directory: Directory) -> None:
    """A member of another shape than we write spoils the token."""
    with pytest.raises(TokenRejected):
        read(directory, members)


SUBJECTS = ["alice", "/alice", "corp/", "nobody/alice", f"{DOMAIN}/ns/reports/sa/reporting-agent"]


@pytest.mark.parametrize("sub", SUBJECTS)
def test_rejected_subjects(sub: str, directory: Directory) -> None:
    """`sub` has to name a user of a declared issuer as tokens for this agent write it."""
    with pytest.raises(TokenRejected):
        read(directory, {}, sub=sub)


AUDIENCES = [{OURS, "https://docs.tools.example/mcp"}, {"https://docs.tools.example/mcp"}, set()]


@pytest.mark.parametrize("audiences", AUDIENCES, ids=["ours beside another", "another", "none"])
def test_another_audience(audiences: set[str], directory: Directory) -> None:
    """A token of ours has one audience: the agent that presents it."""
    with pytest.raises(TokenRejected):
        read(directory, {}, audiences=frozenset(audiences))


def test_given_to_another_agent(directory: Directory) -> None:
    """A token that names a declared agent outside its chain as client is not the caller's."""
    payer = f"{DOMAIN}/ns/finance/sa/payer"
    refused = read(directory, {"client_id": payer})

    assert isinstance(refused, Refused)
    assert refused.reason is Reason.CREDENTIAL_NOT_YOURS


@pytest.mark.parametrize("act", [None, {}, [], "x", {"iss": DOMAIN}], ids=str)
def test_no_chain(act: JSON, directory: Directory) -> None:
    """A token of ours that names no chain proves none."""
    refused = read(directory, {"act": act})

    assert isinstance(refused, Refused)
    assert refused.reason is Reason.CHAIN_REFUSED


def test_workload_in_a_user_s_place(directory: Directory) -> None:
    """Where users are written plainly, a name that looks like a workload's is no user."""
    agent = replace(directory.agents[CALLER.agent], subjects=SubjectForm("corp"))

    def read_plain(sub: str) -> Login | Refused:
        claims = ProvenClaims("", sub, frozenset({OURS}), Instant(99), MEMBERS)
        return read_own_token(claims, agent, CALLER, directory)

    assert isinstance(read_plain("alice"), Login)
    with pytest.raises(TokenRejected):
        read_plain(f"{DOMAIN}/ns/reports/sa/reporting-agent")
