"""Access tokens in compact form: only one whose signed bytes nobody touched is believed."""

from __future__ import annotations

from collections.abc import Iterator

from authz.identity.access_token import TokenRejected, take_apart, verify_access_token
from authz.identity.keys import KeySet
from tests.fuzz.harness.issuer import CLAIMS_TEXT, EXPECTED, HEADER, KEY, KEYS, NOW
from tests.support.keys import sign
from tests.vectors.material import encoded
from tests.vectors.tokens import VECTORS

GOOD = (
    sign(KEY, HEADER, CLAIMS_TEXT),
    sign("corp-2", {**HEADER, "kid": "corp-2"}, CLAIMS_TEXT.replace(b"alice", b"bob")),
)
SHORT = tuple(each for each in VECTORS if "length" not in each.row and len(each.token) < 2000)
BELIEVABLE = (*GOOD, *(each.token for each in SHORT if each.row["expect"] == "good"))
SIGNED = frozenset(token.rpartition(".")[0] for token in BELIEVABLE)
WORDS = (
    *(b".", b"..", b"=", b"-", b"_", b"eyJ", encoded(b'{"alg":"none"}').encode()),
    *(encoded(b'{"alg":"HS256","typ":"at+jwt"}').encode(), encoded(b"{}").encode()),
)


def entry(data: bytes) -> None:
    """What is believed is, up to its signature, a token that was signed."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        unverified = take_apart(text)
        assert text.isascii()
        assert isinstance(unverified.issuer, str)
        proven = verify_access_token(unverified, KEYS, EXPECTED, NOW)
    except TokenRejected as rejected:
        assert str(rejected).isascii()
        return
    assert text.rpartition(".")[0] in SIGNED
    assert proven.subject
    assert proven.expires > NOW
    assert _is_rejected_without_keys(text)


def _is_rejected_without_keys(text: str) -> bool:
    try:
        verify_access_token(take_apart(text), KeySet(()), EXPECTED, NOW)
    except TokenRejected:
        return True
    return False


def seeds() -> Iterator[bytes]:
    """Give good tokens, each cut in places, and the vectors that are not very long."""
    for token in GOOD:
        yield token.encode()
        yield token.rpartition(".")[0].encode()
        yield token[:-1].encode()
    yield sign("none", {"alg": "none"}, CLAIMS_TEXT).encode()
    yield sign(f"hmac:{KEY}", {**HEADER, "alg": "HS256"}, CLAIMS_TEXT).encode()
    yield from (each.token.encode() for each in SHORT)
