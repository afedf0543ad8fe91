"""`resource`: a token that OAuth clients ask for one server counts at that server alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from authz.model.reasons import Reason
from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from tests.needs.asking import with_credential
from tests.support.cases import Case, case_named
from tests.support.direct import decide_case
from tests.support.keys import sign
from tests.support.values import replace
from tests.support.worlds import give_resource, load_world, prepare_home

DOCS = "https://docs.tools.example/mcp"
AT_DOCS, AT_PAYMENTS = case_named("search-allowed"), case_named("worst-facts")


def token_for(case: Case, *audiences: str) -> str:
    """Give alice's token by corp, for *audiences*."""
    claims = {
        "iss": "https://idp.example.com",
        "sub": "alice",
        "aud": list(audiences),
        "exp": case.now + 60,
        "scope": "docs:read",
        "groups": ["researchers"],
    }
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "corp-1"}
    return sign("corp-1", header, json.dumps(claims).encode())


@pytest.fixture
def resourceful(decision_point: DecisionPoint, tmp_path: Path) -> DecisionPoint:
    """The worked world, where docs is a resource."""
    home = prepare_home(tmp_path)
    give_resource(home, DOCS)
    world, keys = load_world(home)
    return replace(decision_point, worlds=CurrentWorld(world, keys))


def reason(case: Case, server: DecisionPoint, *audiences: str) -> str:
    """Ask for *case* with a token for *audiences*."""
    token = token_for(case, *audiences)
    decided = decide_case(with_credential(case, token), server)
    return str(decided.record["reason"])


def test_here_alone(resourceful: DecisionPoint) -> None:
    """It is taken at docs, and at no other target."""
    assert reason(AT_DOCS, resourceful, DOCS) == Reason.ALLOW
    assert reason(AT_PAYMENTS, resourceful, DOCS) == Reason.CREDENTIAL_INVALID


def test_nowhere_unless_declared(decision_point: DecisionPoint) -> None:
    """Where the server names no resource, its audience is none of ours."""
    assert reason(AT_DOCS, decision_point, DOCS) == Reason.CREDENTIAL_INVALID


def test_ours_still_counts(resourceful: DecisionPoint) -> None:
    """A token for the gate counts at every target, docs among them."""
    assert reason(AT_DOCS, resourceful, "https://gate.example.org") == Reason.ALLOW
    assert reason(AT_DOCS, resourceful, "https://other.example") == Reason.CREDENTIAL_INVALID
