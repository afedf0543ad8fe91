"""A key that is not known: bad under fresh keys, a fault under stale or missing ones."""

from __future__ import annotations

import json

import pytest

from authz.identity.keys import NEVER_FETCHED, IssuerKeys
from authz.model.needs import KeysNeeded, Unanswered
from authz.model.reasons import Reason
from tests.needs.asking import (
    Answerer,
    Asking,
    Need,
    answered_by,
    fetched,
    issuer_of,
    with_credential,
)
from tests.support.cases import case_named
from tests.support.direct import decide_case
from tests.support.keys import sign

CASE = case_named("search-allowed")
NOW = CASE.now
CORP = KeysNeeded("corp")

FRESH = fetched("corp-1", fresh_until=NOW + 1, usable_until=NOW + 1)
STALE = fetched("corp-1", fresh_until=NOW, usable_until=NOW + 1)
SPENT = fetched("corp-1", fresh_until=NOW, usable_until=NOW)
OTHER_FRESH = fetched("corp-2", fresh_until=NOW + 1, usable_until=NOW + 1)
OTHER_STALE = fetched("corp-2", fresh_until=NOW, usable_until=NOW + 1)


@pytest.mark.parametrize(
    ("held", "answer", "reason", "heard"),
    [
        (FRESH, None, Reason.ALLOW, []),
        (STALE, None, Reason.ALLOW, []),
        (SPENT, FRESH, Reason.ALLOW, [CORP]),
        (SPENT, SPENT, Reason.FAULT, [CORP]),
        (NEVER_FETCHED, FRESH, Reason.ALLOW, [CORP]),
        (NEVER_FETCHED, NEVER_FETCHED, Reason.FAULT, [CORP]),
        (NEVER_FETCHED, Unanswered("it is down"), Reason.FAULT, [CORP]),
        (OTHER_FRESH, OTHER_FRESH, Reason.CREDENTIAL_INVALID, [CORP]),
        (OTHER_FRESH, FRESH, Reason.ALLOW, [CORP]),
        (OTHER_FRESH, Unanswered("too many wait"), Reason.FAULT, [CORP]),
        (OTHER_STALE, OTHER_STALE, Reason.FAULT, [CORP]),
        (OTHER_STALE, OTHER_FRESH, Reason.CREDENTIAL_INVALID, [CORP]),
        (OTHER_STALE, Unanswered("it is down"), Reason.FAULT, [CORP]),
    ],
    ids=[
        "known and fresh",
        "known and stale",
        "too old, fetched anew",
        "too old, and nothing newer",
        "never fetched, fetched now",
        "never fetched, and nothing there",
        "never fetched, and the issuer is down",
        "unknown, and the keys are the newest",
        "rotated, fetched now",
        "unknown, and nobody could look",
        "unknown, and nobody can tell",
        "unknown, and the keys are the newest now",
        "unknown, and the issuer is down",
    ],
)
def test_key(
    held: IssuerKeys, answer: object, reason: Reason, heard: list[Need], ask: Asking
) -> None:
    """An outage never sends users to log in, and a key that was taken back is never believed."""
    answerer = Answerer({CORP: answer} if answer else {})
    server = ask(answerer)
    server.worlds.publish_keys(issuer_of(server), held)

    decided = decide_case(CASE, server)

    assert decided.record["reason"] == reason, decided.record["detail"]
    assert answerer.heard == heard
    if reason is Reason.FAULT:
        status, headers, _ = decided.answer
        assert (status, headers["retry-after"], decided.record["step"]) == (503, "1", 3)
        assert decided.record["agent"] == "research/research-agent"


@pytest.mark.parametrize("name", ["alg-none", "alg-hmac-of-public-key", "typ-jwt", "crit"])
def test_a_bad_header_asks_nobody(name: str, ask: Asking) -> None:
    """What no key could make good is refused without asking for keys."""
    answerer = Answerer()

    decided = decide_case(case_named(name), ask(answerer))

    assert decided.record["reason"] == Reason.CREDENTIAL_INVALID
    assert answerer.heard == []


def test_a_bad_signature_asks_nobody(ask: Asking) -> None:
    """A known key that did not sign makes a bad token: it is no reason to fetch anything."""
    answerer = Answerer()
    server = ask(answerer)
    server.worlds.publish_keys(issuer_of(server), FRESH)
    signed, _, signature = dict(CASE.headers)["authorization"].rpartition(".")
    forged = f"{signed.removeprefix('Bearer ')}.{'A' * len(signature)}"

    decided = decide_case(with_credential(CASE, forged), server)

    assert decided.record["reason"] == Reason.CREDENTIAL_INVALID
    assert answerer.heard == []


def test_a_request_keeps_its_world(ask: Asking) -> None:
    """Keys that come while a request waits for its own answer are for later requests."""
    server = ask(Answerer())
    server.worlds.publish_keys(issuer_of(server), NEVER_FETCHED)

    class Publishing(Answerer):
        def answer(self, need: Need, seconds: float) -> object:
            slow.worlds.publish_keys(issuer_of(server), FRESH)
            return super().answer(need, seconds)

    slow = answered_by(server, Publishing())

    assert decide_case(CASE, slow).record["reason"] == Reason.FAULT
    assert decide_case(CASE, slow).record["reason"] == Reason.ALLOW


@pytest.mark.parametrize("header", [{"kid": "corp-1", "alg": "RS256"}, {"alg": "ES256"}])
def test_a_known_name_asks_nobody(header: dict[str, str], ask: Asking) -> None:
    """A key that is there, under another algorithm or beside another, is none to look for."""
    answerer = Answerer()
    server = ask(answerer)
    both = fetched("corp-1", "corp-2", fresh_until=NOW + 1, usable_until=NOW + 1)
    server.worlds.publish_keys(issuer_of(server), both)
    claims = {"iss": "https://idp.example.com", "aud": "https://gate.example.org"}
    token = sign("corp-1", {"typ": "at+jwt", **header}, json.dumps(claims).encode())

    decided = decide_case(with_credential(CASE, token), server)

    assert decided.record["reason"] == Reason.CREDENTIAL_INVALID
    assert answerer.heard == []
