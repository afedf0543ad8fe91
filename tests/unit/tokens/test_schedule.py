"""`tokens.schedule`: who signs when, and that nobody's key set ever lacks the key of a token."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from authz.directory.words import MAX_LIFETIME
from authz.model.instant import EARLIEST, LATEST, Instant
from authz.tokens import schedule as waits
from authz.tokens.schedule import (
    CACHED,
    PICK_UP,
    RETIRED_AFTER,
    SKEW,
    Schedule,
    State,
    name_of,
    schedule,
    signs_from,
)

NOON = Instant(1_900_000_000)


def key(moment: int, fingerprint: str = "a") -> str:
    """Name a key."""
    return name_of(Instant(moment), fingerprint)


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("20260201T000000Z-b", 1_769_904_000),
        ("20260201T000000Z-", EARLIEST),
        ("20260201T000000Z", EARLIEST),
        ("20261301T000000Z-a", EARLIEST),
        ("x20260201T000000Z-a", EARLIEST),
        ("\u0662\u0660260201T000000Z-a", EARLIEST),
        ("gate-1", EARLIEST),
    ],
)
def test_moment_of_a_name(name: str, moment: int) -> None:
    """A name begins with a moment of UTC, or has signed since ever."""
    assert signs_from(name) == moment


def test_names_are_read_back() -> None:
    """What names a key says when it signs."""
    assert signs_from(key(NOON)) == NOON


OLD, NEW = key(NOON - 1_000_000), key(NOON)
TIMES: tuple[tuple[str, tuple[str, ...], int, dict[str, State]], ...] = (
    ("alone", ("gate-1",), 0, {"gate-1": State.SIGNING}),
    ("the last by name", ("a", "b"), 0, {"a": State.VERIFYING, "b": State.SIGNING}),
    ("alone and in the future", (NEW,), -1, {NEW: State.SIGNING}),
    ("before", (OLD, NEW), -1, {OLD: State.SIGNING, NEW: State.WAITING}),
    ("its turn", (OLD, NEW), 0, {OLD: State.VERIFYING, NEW: State.SIGNING}),
    ("last token", (OLD, NEW), RETIRED_AFTER - 1, {OLD: State.VERIFYING, NEW: State.SIGNING}),
    ("over", (OLD, NEW), RETIRED_AFTER, {OLD: State.RETIRED, NEW: State.SIGNING}),
    ("put there", ("gate-1", NEW), RETIRED_AFTER, {"gate-1": State.RETIRED, NEW: State.SIGNING}),
    (
        "in one second",
        (key(NOON, "a"), key(NOON, "b")),
        RETIRED_AFTER,
        {key(NOON, "a"): State.VERIFYING, key(NOON, "b"): State.SIGNING},
    ),
    (
        "several waiting",
        (key(NOON + 2), key(NOON + 1)),
        0,
        {key(NOON + 1): State.SIGNING, key(NOON + 2): State.WAITING},
    ),
)


@pytest.mark.parametrize(
    ("names", "after", "states"), [row[1:] for row in TIMES], ids=[row[0] for row in TIMES]
)
def test_states(names: tuple[str, ...], after: int, states: dict[str, State]) -> None:
    """Each key has one state at a moment, whatever the order of names; one signs."""
    for order in (names, names[::-1]):
        found = schedule(order)
        now = Instant(NOON + after)

        assert {turn.key_id: found.state(turn, now) for turn in found.turns} == states
        assert states[found.signing(now)] is State.SIGNING
        known = {name for name, state in states.items() if state is not State.RETIRED}
        assert found.published(now) == known


def test_a_removed_key_changes_nothing_for_others() -> None:
    """A waiting key that is called off leaves the one before it without an end."""
    (turn,) = schedule([OLD]).turns

    assert turn.retired_from == LATEST
    assert schedule([OLD, NEW]).turns[0].retired_from == NOON + RETIRED_AFTER


EXTREMES = [*product((0, PICK_UP), (0, SKEW), (0, PICK_UP), (0, SKEW), (0, SKEW))]
LOOKS = [*product((0, MAX_LIFETIME + SKEW), (0, CACHED))]


def missing_keys() -> Iterator[tuple[int, ...]]:
    """
    Give each way in which a token of one replica does not verify by a key set of another.

    Tried are all seconds in which a token may be signed during a rotation. Each replica acts on
    folder and clock as they were up to `PICK_UP` ago, by a clock that is off by up to `SKEW`, as
    is that of whoever rotates. The key set was served up to `CACHED` ago; the token is looked at
    until it has ended by the clock of whoever looks.
    """
    for late, off, other_late, other_off, author_off in EXTREMES:
        new = key(NOON + author_off + waits.SIGNS_AFTER)
        for at in range(waits.SIGNS_AFTER + PICK_UP + 2 * SKEW):
            signing, now = _acted_on(NOON + at - late, off, new)
            signer = signing.signing(now)
            for lasted, cached in LOOKS:
                served, then = _acted_on(NOON + at + lasted - cached - other_late, other_off, new)
                if signer not in served.published(then):
                    yield at, late, off, other_late, other_off, author_off, lasted, cached


def _acted_on(moment: int, off: int, new: str) -> tuple[Schedule, Instant]:
    """Give the schedule that a replica saw at *moment*, and what its clock said."""
    names = (OLD, new) if moment >= NOON else (OLD,)
    return schedule(names), Instant(moment + off)


def test_no_key_is_missing() -> None:
    """A token of one replica verifies by any key set of another, at any moment of a rotation."""
    assert next(missing_keys(), None) is None


@pytest.mark.parametrize("wait", ["SIGNS_AFTER", "RETIRED_AFTER"])
def test_the_waits_are_needed(wait: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second less, and some token does not verify: the search above would find it."""
    monkeypatch.setattr(waits, wait, getattr(waits, wait) - 1)

    assert next(missing_keys(), None) is not None
