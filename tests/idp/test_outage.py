"""A real provider that fails, lies or lingers: what the gate knows serves on, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from examples.idp.provider import Provider
from tests.support.believing import BETWEEN_LOOKS, BelievingGate, believing_gate
from tests.support.idp import GATE, access_token, rotate

METADATA = "/.well-known/openid-configuration"
FRESH_SECONDS, STALE_SECONDS = 600, 3600
"""Of keys that are fetched, where a document does not say otherwise."""

EVIL = "https://evil.example"
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "down": {"kind": "status", "status": 503},
    "garbage": {"kind": "garbage"},
    "silent": {"kind": "hang"},
    "endless": {"kind": "huge"},
    "elsewhere": {"kind": "redirect", "to": f"{EVIL}/jwks"},
    "empty": {"kind": "lie", "members": {"keys": []}},
}


@pytest.fixture
def gate(idp: Provider, tmp_path: Path) -> Iterator[BelievingGate]:
    """A gate that has found the provider's keys."""
    with believing_gate(idp, tmp_path) as running:
        yield running


@pytest.mark.parametrize("fault", FAULTS)
def test_keys_that_cannot_be_fetched(fault: str, gate: BelievingGate) -> None:
    """Known keys serve on; while they are fresh, a key that is not among them is none."""
    token = access_token(gate.idp)
    gate.idp.control("fault", path="/jwks", **FAULTS[fault])
    gate.look_again()

    assert gate.reason(token) == "allow"
    rotate(gate.idp, "replace")
    assert gate.reason(access_token(gate.idp)) == "credential_invalid"


def test_keys_grow_old(gate: BelievingGate) -> None:
    """Old keys serve for an hour, and say nothing of a key that they are not; then they end."""
    gate.idp.control("fault", path="/jwks", kind="status")
    gate.clock.ahead += FRESH_SECONDS
    old = forged(gate)
    unknown = forged(gate, {"typ": "at+jwt", "kid": "nobody's"})

    assert [gate.reason(old), gate.reason(unknown)] == ["allow", "fault"]
    gate.clock.ahead += STALE_SECONDS
    assert gate.reason(forged(gate)) == "fault"
    gate.idp.control("mend")
    gate.clock.ahead += BETWEEN_LOOKS
    assert gate.reason(forged(gate)) == "allow"


def forged(gate: BelievingGate, header: Mapping[str, str] | None = None) -> str:
    """Give what a login would, good at the gate's time."""
    now = gate.clock()
    claims = {
        "sub": "alice",
        "aud": GATE,
        "client_id": "web-portal",
        "iat": now,
        "exp": now + 60,
        "scope": "docs:read",
        "groups": ["researchers"],
    }
    answer = gate.idp.control("forge", claims=claims, header=header or {"typ": "at+jwt"})
    return str(answer["token"])


def test_metadata_of_another_issuer(idp: Provider, tmp_path: Path) -> None:
    """A document that names another issuer is none of this one's (RFC 8414 section 3.3)."""
    for path in (METADATA, "/.well-known/oauth-authorization-server"):
        idp.control("fault", path=path, kind="lie", members={"issuer": EVIL})
    with believing_gate(idp, tmp_path) as gate:
        assert gate.reason(access_token(idp)) == "fault"
        assert "/jwks" not in [row["path"] for row in idp.control("seen")["requests"]]
        idp.control("mend")
        gate.clock.ahead += BETWEEN_LOOKS
        assert gate.reason(access_token(idp)) == "allow"
