"""`identity.keys`: which keys are known, and how long they say anything."""

from __future__ import annotations

import json

import pytest

from authz.identity.keys import NEVER_FETCHED, NO_KEYS, IssuerKeys, lasting, read_key_set
from authz.model.instant import LATEST, Instant
from tests.support.keys import jwks

NAMED = read_key_set(jwks("a", "b"))
NAMELESS = read_key_set(
    json.dumps(
        {"keys": [{k: v for k, v in json.loads(jwks("a"))["keys"][0].items() if k != "kid"}]}
    ).encode()
)


@pytest.mark.parametrize(
    ("key_id", "algorithm", "knows"),
    [
        ("a", "ES256", True),
        ("a", "RS256", True),
        ("c", "ES256", False),
        ("", "ES256", False),
        (None, "ES256", True),
        (None, "RS256", False),
    ],
)
def test_known(key_id: str | None, algorithm: str, knows: bool) -> None:  # noqa: FBT001 - a column
    """A name is known by itself: that its key has another algorithm is no reason to look again."""
    assert NAMED.knows(key_id, algorithm) is knows


def test_nobody_is_known() -> None:
    """Without keys nothing is known; a nameless key has no name."""
    assert not NO_KEYS.knows("a", "ES256")
    assert not NO_KEYS.knows(None, "ES256")
    assert not NAMELESS.knows("a", "ES256")
    assert NAMELESS.knows(None, "ES256")


def test_ages() -> None:
    """Keys are fresh, then usable, then nothing; each ends at its very second."""
    keys = IssuerKeys(NAMED, fresh_until=Instant(10), usable_until=Instant(20))

    assert [keys.are_fresh(Instant(now)) for now in (9, 10, 19, 20)] == [True, False, False, False]
    assert [keys.at(Instant(now)) for now in (9, 10, 19, 20)] == [NAMED, NAMED, NAMED, NO_KEYS]


def test_a_clock_that_is_set_back() -> None:
    """Keys say nothing of a time before they were fetched: they do not last the longer for it."""
    keys = IssuerKeys(NAMED, Instant(10), Instant(20), since=Instant(5))

    assert [keys.are_fresh(Instant(now)) for now in (4, 5)] == [False, True]
    assert [keys.at(Instant(now)) for now in (4, 5)] == [NO_KEYS, NAMED]


def test_ends() -> None:
    """Keys of a file last as long as their world; keys that were never fetched, not at all."""
    assert lasting(NAMED).are_fresh(Instant(LATEST - 1))
    assert lasting(NAMED).at(Instant(LATEST - 1)) is NAMED
    assert not NEVER_FETCHED.are_fresh(Instant(0))
    assert NEVER_FETCHED.at(Instant(0)) is NO_KEYS
