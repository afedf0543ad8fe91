"""An issuer whose tokens harnesses believe, with a key that is the same in every run."""

from __future__ import annotations

import json

from authz.identity.access_token import Expectations
from authz.identity.keys import read_key_set
from authz.model.instant import Instant
from tests.support.keys import jwks

KEY = "corp-1"
NOW = Instant(1_780_480_800)
ISSUER, AUDIENCE = "https://idp.example.com", "https://gate.example.org"
EXPECTED = Expectations(ISSUER, frozenset({AUDIENCE}), frozenset({"ES256", "RS256"}))
KEYS = read_key_set(jwks(KEY, "corp-2"))
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": KEY}
CLAIMS = {
    "iss": ISSUER,
    "sub": "alice",
    "aud": AUDIENCE,
    "iat": NOW - 10,
    "exp": NOW + 600,
    "scope": "docs:read",
}
HEADER_TEXT, CLAIMS_TEXT = json.dumps(HEADER).encode(), json.dumps(CLAIMS).encode()
