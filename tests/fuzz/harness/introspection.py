"""What an issuer answers about an opaque token, as far as it is believed."""

from __future__ import annotations

import json
from collections.abc import Iterator

from authz.identity.access_token import TokenRejected
from authz.identity.introspection import believe_introspected
from authz.model.instant import LATEST
from authz.model.needs import Inactive
from authz.sources.fetch import FetchFailed
from authz.sources.introspection import expiry, read_answer
from tests.fuzz.harness.claims import WORDS as CLAIM_WORDS
from tests.fuzz.harness.issuer import AUDIENCE, CLAIMS, EXPECTED, ISSUER, NOW

WORDS = (*CLAIM_WORDS, b'"active":true', b'"active":1', b'"token_type":"Bearer"', b'"active":')


def entry(data: bytes) -> None:
    """Only an answer with `active: true` is believed, and only for us and for a while."""
    try:
        told = read_answer(data)
    except FetchFailed as failed:
        assert str(failed).isascii()
        return
    members = json.loads(data.decode())
    active = members["active"]
    if isinstance(told, Inactive):
        assert active is False
        return
    assert active is True
    assert 0 <= expiry(told.members, NOW) <= LATEST
    try:
        proven = believe_introspected(told.members, EXPECTED, NOW)
    except TokenRejected:
        return
    assert members.get("iss", ISSUER) == proven.issuer == ISSUER
    assert members["aud"] == AUDIENCE or AUDIENCE in [*members["aud"]]
    assert NOW < proven.expires <= min(members["exp"], LATEST)


def seeds() -> Iterator[bytes]:
    """Give answers of every kind."""
    yield json.dumps({"active": True, **CLAIMS}).encode()
    yield json.dumps({"active": True, **CLAIMS, "token_type": "Bearer", "iss": "x"}).encode()
    yield from (b'{"active": false}', b'{"active": true}', b'{"active": 1}', b"[]", b"{}")
