"""`identity.signatures`: a signature is verified once a key set, and everything else each time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from authz.identity.access_token import (
    MAX_KEPT_HEADER,
    MAX_LEAN,
    Expectations,
    ProvenClaims,
    TokenRejected,
)
from authz.identity.keys import KeySet, read_key_set
from authz.identity.signatures import MAX_KEPT, Signatures
from authz.model.instant import Instant
from authz.model.memo import Memo
from tests.support.keys import jwks, sign

NOW = Instant(1_780_480_800)
KEYS, OTHERS = read_key_set(jwks("corp-1")), read_key_set(jwks("other-1"))
MORE = read_key_set(jwks("corp-1", "other-1"))
EXPECTED = Expectations("https://idp", frozenset({"us"}), frozenset({"ES256"}))
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "corp-1"}
CLAIMS: dict[str, Any] = {"iss": "https://idp", "aud": "us", "sub": "alice", "exp": NOW + 60}


def token(**claims: object) -> str:
    """Sign a token."""
    return sign("corp-1", HEADER, json.dumps(CLAIMS | claims).encode())


def verify(
    signatures: Signatures,
    compact: str,
    keys: KeySet = KEYS,
    expected: Expectations = EXPECTED,
    now: Instant = NOW,
) -> ProvenClaims:
    """Take apart and verify."""
    return signatures.verify(signatures.take_apart(compact), keys, expected, now)


def test_a_good_token_is_verified_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time no key is asked."""
    signatures, compact = Signatures(), token()
    first = verify(signatures, compact)
    monkeypatch.setattr("authz.identity.keys.PublicKey.verifies", lambda *_: False)

    assert verify(signatures, compact) == first


@pytest.mark.parametrize("keys", [OTHERS, MORE, KeySet(())], ids=["others", "more", "none"])
def test_other_keys_prove_anew(keys: KeySet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that came, went or changed: what was proven by others counts for nothing."""
    signatures, compact = Signatures(), token()
    verify(signatures, compact)
    monkeypatch.setattr("authz.identity.keys.PublicKey.verifies", lambda *_: False)

    with pytest.raises(TokenRejected):
        verify(signatures, compact, keys)


def test_equal_keys_are_the_same() -> None:
    """A key set that was fetched again and is the same has the same fingerprint."""
    assert read_key_set(jwks("corp-1")).fingerprint == KEYS.fingerprint
    assert len({KEYS.fingerprint, OTHERS.fingerprint, MORE.fingerprint}) == 3


REFUSED: dict[str, tuple[Expectations, int]] = {
    "over": (EXPECTED, 60),
    "for another audience": (Expectations("https://idp", frozenset({"x"}), {"ES256"}), 0),
    "of another issuer": (Expectations("https://other", frozenset({"us"}), {"ES256"}), 0),
    "of another algorithm": (Expectations("https://idp", frozenset({"us"}), {"RS256"}), 0),
}


@pytest.mark.parametrize(("expected", "later"), REFUSED.values(), ids=REFUSED)
def test_a_kept_token_is_still_checked(expected: Expectations, later: int) -> None:
    """Times, issuer, audience and algorithm are looked at each time."""
    signatures, compact = Signatures(), token()
    verify(signatures, compact)

    with pytest.raises(TokenRejected):
        verify(signatures, compact, expected=expected, now=Instant(NOW + later))


@pytest.mark.parametrize("claims", [{"exp": NOW}, {"aud": "others"}], ids=str)
def test_what_is_refused_is_not_kept(claims: dict[str, object]) -> None:
    """Nobody fills the memory with tokens that are over, or for somebody else."""
    signatures = Signatures()
    with pytest.raises(TokenRejected):
        verify(signatures, token(**claims))

    assert len(signatures.memo) == 0


def test_a_long_token_is_not_kept() -> None:
    """A token with much in it is verified each time, and takes no memory."""
    signatures = Signatures()
    verify(signatures, token(much="x" * MAX_KEPT))

    assert len(signatures.memo) == 0


def test_a_long_header_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who proved nothing fills the memory with headers."""
    headers = Memo[str, Any]("headers", 4)
    monkeypatch.setattr("authz.identity.access_token._HEADERS", headers)
    for more in ("x" * MAX_KEPT_HEADER, "x"):
        Signatures().take_apart(sign("corp-1", HEADER | {"more": more}, b"{}"))

    assert len(headers) == 1


MUCH: dict[str, object] = {
    "lists": [[]] * MAX_LEAN,
    "objects": {str(n): {} for n in range(MAX_LEAN)},
}


@pytest.mark.parametrize("much", MUCH.values(), ids=MUCH)
def test_a_token_of_many_values_is_not_kept(much: object) -> None:
    """A short token with many values in it takes much more room once it is read."""
    signatures = Signatures()
    compact = token(much=much)
    verify(signatures, compact)

    assert len(compact) < MAX_KEPT
    assert len(signatures.memo) == 0


def test_a_token_of_many_groups_is_kept() -> None:
    """A user who is in a hundred groups is no stranger."""
    signatures = Signatures()
    verify(signatures, token(groups=[f"group-{n}" for n in range(100)]))

    assert len(signatures.memo) == 1
