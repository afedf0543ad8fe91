"""`identity.chain`: the `act` claim of RFC 8693 section 4.1."""

from __future__ import annotations

import pytest

from authz.identity.chain import ChainMalformed, read_act, write_act
from authz.model.principals import MAX_CHAIN, Actor
from authz.model.strict_json import JSON

FIRST, SECOND = Actor("spiffe://example.org", "spiffe://example.org/a"), Actor("https://i", "c")


def nested(levels: int) -> JSON:
    """Give an `act` of that many levels, the current actor being `0`."""
    act: JSON = None
    for level in reversed(range(levels)):
        inner: dict[str, JSON] = {} if act is None else {"act": act}
        act = {"iss": "i", "sub": str(level), **inner}
    return act


MALFORMED: tuple[JSON, ...] = (
    None,
    "spiffe://example.org/a",
    [],
    [{"iss": "i", "sub": "s"}],
    {},
    {"sub": "s"},
    {"iss": "i"},
    {"iss": "", "sub": "s"},
    {"iss": "i", "sub": ""},
    {"iss": 1, "sub": "s"},
    {"iss": "i", "sub": ["s"]},
    {"iss": "i", "sub": "s", "act": "t"},
    {"iss": "i", "sub": "s", "act": {}},
    {"iss": "i", "sub": "s", "act": []},
    {"iss": "i", "sub": "s", "act": {"sub": "t"}},
)


def test_current_actor_comes_first() -> None:
    """The outermost level is the current actor."""
    act: JSON = {
        "iss": FIRST.iss,
        "sub": FIRST.sub,
        "act": {"iss": SECOND.iss, "sub": SECOND.sub},
    }

    assert read_act(act) == (FIRST, SECOND)


@pytest.mark.parametrize("act", MALFORMED, ids=str)
def test_malformed(act: JSON) -> None:
    """What names no chain of pairs is refused at whatever level it fails."""
    with pytest.raises(ChainMalformed):
        read_act(act)


def test_never_cut_to_fit() -> None:
    """The longest chain is read whole, and one hop more is refused rather than truncated."""
    assert [actor.sub for actor in read_act(nested(MAX_CHAIN))] == ["0", "1", "2", "3"]
    with pytest.raises(ChainMalformed, match=str(MAX_CHAIN)):
        read_act(nested(MAX_CHAIN + 1))


@pytest.mark.parametrize("levels", range(1, MAX_CHAIN + 1))
def test_written_is_read_again(levels: int) -> None:
    """A chain that is written comes back hop by hop."""
    actors = read_act(nested(levels))

    assert write_act(actors) == nested(levels)


def test_nobody_writes_nothing() -> None:
    """Without actors there is no `act`."""
    assert write_act(()) is None
