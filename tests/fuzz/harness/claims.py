"""Headers and claims of tokens that are really signed: what is in them is all that can be wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from authz.identity.access_token import SKEW, TokenRejected, take_apart, verify_access_token
from authz.identity.chain import ChainMalformed, read_act, write_act
from tests.fuzz.harness.issuer import (
    AUDIENCE,
    CLAIMS,
    CLAIMS_TEXT,
    EXPECTED,
    HEADER_TEXT,
    ISSUER,
    KEY,
    KEYS,
    NOW,
)
from tests.vectors.material import compact
from tests.vectors.tokens import VECTORS

LATEST = 32_503_680_000
"""The first second of the year 3000."""

SEPARATOR = b"\n"
WORDS = (
    *(f'"{name}":'.encode() for name in ("iss", "sub", "aud", "exp", "nbf", "iat", "cnf", "act")),
    *(b'"alg":"none"', b'"typ":"JWT"', b'"crit":["b64"]', b'"kid":', b'"b64":false', b"1e400"),
    *(f'"{ISSUER}"'.encode(), f'["{AUDIENCE}"]'.encode(), str(NOW).encode(), b"\\u0000"),
    *(b'{"iss":"a","sub":"b"}', b'"act":{"iss":"a","sub":"b"}', b"null", b"1e9", b"-1", b"\n"),
)


def entry(data: bytes) -> None:
    """What is believed is what the standards and the contract ask for, read with another reader."""
    header, _, payload = data.partition(SEPARATOR)
    if not header or not payload:
        return
    try:
        proven = verify_access_token(
            take_apart(compact(KEY, "ES256", header, payload)), KEYS, EXPECTED, NOW
        )
    except TokenRejected as rejected:
        assert str(rejected).isascii()
        return
    head, claims = json.loads(header.decode()), json.loads(payload.decode())
    assert head["alg"] == "ES256"
    assert head["typ"].lower() in {"at+jwt", "application/at+jwt"}
    assert "crit" not in head
    assert head["kid"] == KEY
    assert claims["iss"] == proven.issuer == ISSUER
    assert claims["aud"] == AUDIENCE or AUDIENCE in [*claims["aud"]]
    assert claims["sub"] == proven.subject != ""
    assert NOW < proven.expires <= claims["exp"] <= LATEST
    assert all(claims[name] <= NOW + SKEW + 1 for name in ("nbf", "iat") if name in claims)
    assert "cnf" not in claims
    _read_act(proven.members.get("act"))


def _read_act(act: Any) -> None:
    try:
        actors = read_act(act)
    except ChainMalformed:
        return
    assert read_act(write_act(actors)) == actors


def seeds() -> Iterator[bytes]:
    """Give a good pair, chains, and the vectors that are not very long."""
    yield HEADER_TEXT + SEPARATOR + CLAIMS_TEXT
    act: dict[str, Any] = {"iss": "a", "sub": "b"}
    for _ in range(3):
        yield HEADER_TEXT + SEPARATOR + json.dumps({**CLAIMS, "act": act}).encode()
        act = {"iss": "a", "sub": "b", "act": act}
    for each in VECTORS:
        row = each.header + SEPARATOR + each.payload(0)
        if len(row) < 2000 and SEPARATOR not in each.header:
            yield row
