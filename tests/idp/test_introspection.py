"""Opaque tokens of a real provider: the gate asks, believes for a moment, and asks again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from examples.idp.login import CLIENT
from examples.idp.provider import Provider
from tests.support.believing import BelievingGate, believing_gate
from tests.support.idp import GATE, access_token
from tests.support.waiting import wait_until

OPAQUE = "https://opaque.gate.example.org"
PATH = "/token/introspection"
BELIEVED_SECONDS = 20


@pytest.fixture
def gate(idp: Provider, tmp_path: Path) -> Iterator[BelievingGate]:
    """A gate that may ask the provider, which gives opaque tokens for it."""
    scope = "docs:read docs:write"
    idp.control("resource", indicator=OPAQUE, scope=scope, format="opaque", audience=GATE)
    with believing_gate(idp, tmp_path) as running:
        yield running


def asked(idp: Provider) -> int:
    """Give how often the provider was asked about a token since the last time."""
    return len([row for row in idp.control("seen")["requests"] if row["path"] == PATH])


def test_an_opaque_token(gate: BelievingGate) -> None:
    """It says who, in which groups, with which scopes; one answer serves several calls."""
    token = access_token(gate.idp, resource=OPAQUE)
    asked(gate.idp)

    assert [gate.reason(token), gate.reason(token)] == ["allow", "allow"]
    assert asked(gate.idp) == 1
    assert gate.reason(access_token(gate.idp, "bob", OPAQUE)) == "user_lacks_scope"
    assert gate.reason("nobody-gave-this-token") == "credential_invalid"


def test_a_revoked_token(gate: BelievingGate) -> None:
    """A token that was revoked is refused when the answer of before has had its time."""
    token = access_token(gate.idp, resource=OPAQUE)
    before = gate.reason(token)
    revoked = {"token": token, "client_id": CLIENT}
    httpx2.post(f"{gate.idp.issuer}/token/revocation", data=revoked).raise_for_status()
    gate.clock.ahead += BELIEVED_SECONDS

    assert before == "allow"
    assert gate.reason(token) == "credential_invalid"


@pytest.mark.parametrize("kind", ["status", "garbage", "hang", "huge"])
def test_nobody_answers(kind: str, gate: BelievingGate) -> None:
    """Where the provider does not say, the user is not sent to log in: it would not help."""
    token = access_token(gate.idp, resource=OPAQUE)
    gate.idp.control("fault", path=PATH, kind=kind)

    assert gate.reason(token) == "fault"
    gate.idp.control("mend")
    wait_until(lambda: gate.reason(token) == "allow")
