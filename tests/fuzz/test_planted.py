"""Harnesses find what they are there to find: with a wall taken away, an input is a finding."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha512
from json import JSONDecoder
from typing import Any

import pytest

from tests.fuzz.harness.issuer import CLAIMS, HEADER, HEADER_TEXT
from tests.fuzz.parsers import load
from tests.support.cases import case_named
from tests.support.direct import check_of
from tests.support.keys import sign
from tests.support.leaves import Leaf
from tests.vectors.material import decoded, public_jwk
from tests.vectors.test_certificates import NOW

FORGED = sign("nobody's", HEADER, json.dumps({**CLAIMS, "sub": "mallory"}).encode())
ALIAS = b"a: &a 1\nb: *a\n"
POST = b"POST\ncontent-type: application/json\nmcp-method: ping\n\n"
CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search"}}'


@dataclass(frozen=True)
class Planted:
    """A mistake: *value* in place of the wall at *place*, which *data* then gets past."""

    parser: str
    place: str
    value: Any
    data: bytes

    def __str__(self) -> str:
        return f"{self.parser}: {self.place}"


def nothing(*_: object) -> Iterator[Any]:
    """Find no mistakes."""
    return iter(())


def forged_check() -> bytes:
    """Give a good Check whose token somebody else has signed."""
    request = check_of(case_named("search-allowed"))
    headers = request.attributes.request.http.headers
    header, payload, _ = headers["authorization"].removeprefix("Bearer ").split(".")
    said = {**json.loads(decoded(payload)), "jti": "forged"}
    forged = sign("nobody's", json.loads(decoded(header)), json.dumps(said).encode())
    headers["authorization"] = f"Bearer {forged}"
    return request.SerializeToString()


def claims(**more: object) -> bytes:
    """Give a header and claims that differ from good ones."""
    return HEADER_TEXT + b"\n" + json.dumps({**CLAIMS, **more}).encode()


def odd_header() -> bytes:
    """Give a good Check with a header that is not in lower case."""
    request = check_of(case_named("search-allowed"))
    request.attributes.request.http.headers["X-Odd"] = "1"
    return request.SerializeToString()


PLANTED = (
    Planted(
        "spiffe", "authz.model.spiffe._SEGMENT", re.compile(".*"), b"spiffe://example.org/a//b"
    ),
    Planted("xfcc", "authz.identity.xfcc.KEYS", {"by", "x"}, b"By=a;x=b"),
    Planted("certificate", "authz.identity.certificate.sha256", sha512, Leaf().der(NOW)),
    Planted("json", "authz.model.strict_json._DECODER", JSONDecoder(), b'{"a": 1, "a": 2}'),
    Planted("json", "authz.model.strict_json.MAX_DEPTH", 2, b"[[[1]]]"),
    Planted("message", "authz.protocols.mcp._check_mirrors", nothing, POST + CALL),
    Planted("token", "authz.identity.keys.PublicKey.verifies", lambda *_: True, FORGED.encode()),
    Planted("claims", "authz.identity.access_token.SKEW", 10**9, claims(nbf=CLAIMS["exp"])),
    Planted(
        "keys",
        "authz.identity.keys.MIN_RSA_BITS",
        0,
        json.dumps({"keys": [public_jwk("short-rsa:x")]}).encode(),
    ),
    Planted(
        "introspection",
        "authz.identity.access_token._audiences",
        lambda _: frozenset({CLAIMS["aud"]}),
        json.dumps({"active": True, **CLAIMS, "aud": "other"}).encode(),
    ),
    Planted("check", "authz.wire.check._headers", lambda http: dict(http.headers), odd_header()),
    Planted("yaml", "authz.directory.reader._Composer._check", nothing, ALIAS),
    Planted("directory", "authz.directory.reader._Composer._check", nothing, b"\0" + ALIAS),
    Planted(
        "cedar", "authz.policy.source.scope_end", len, b"permit (principal, action, resource);"
    ),
    Planted("policies", "authz.policy.load.guard_of", int, b"\0permit"),
    Planted("decision", "authz.identity.keys.PublicKey.verifies", lambda *_: True, forged_check()),
)


@pytest.mark.parametrize("planted", PLANTED, ids=str)
def test_planted(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the wall the input is refused as documented; without it the harness says so."""
    entry = load(planted.parser).entry
    entry(planted.data)

    monkeypatch.setattr(planted.place, planted.value)
    with pytest.raises(Exception, match=r".*"):
        entry(planted.data)
