"""When each of our keys is published, signs and is retired: said by names alone.

A key's name begins with the moment from which it signs. So all replicas that
share a folder have the same schedule without speaking to each other, however
late each of them sees a file:

    published            as soon as a replica sees it
    signs                from the moment in its name, until the next key does
    verifies             for `RETIRED_AFTER` more
    retired              no longer published, and believed by nobody

A name without a moment, of a key that somebody put there, has signed since
ever; of several such the last by name signs, and all are published until a key
with a moment has replaced them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from authz.directory.words import MAX_LIFETIME
from authz.model.instant import EARLIEST, LATEST, Instant

CACHED = 60
"""Seconds for which others may keep our key set; the `max-age` that it is served with."""

PICK_UP = 120
"""
Seconds within which every replica acts on what folder and clock say.

A mounted Kubernetes secret is renewed within about a minute and a half.
"""

SKEW = 30
"""Seconds by which two clocks may differ."""

SIGNS_AFTER = PICK_UP + CACHED + SKEW
"""Seconds from the making of a key until it signs: nobody's key set lacks it then."""

RETIRED_AFTER = MAX_LIFETIME + PICK_UP + 2 * SKEW
"""Seconds from the moment when the next key signs until a key is retired: by then the last token
that it signed has ended by everybody's clock."""

_FORM = "%Y%m%dT%H%M%SZ"
_TIMED = re.compile(r"([0-9]{8}T[0-9]{6}Z)-.+")


class State(StrEnum):
    """What a key is good for at one moment."""

    WAITING = "waiting"
    SIGNING = "signing"
    VERIFYING = "verifying"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Turn:
    """One key's place in the schedule."""

    key_id: str
    signs_from: Instant
    """`EARLIEST` where its name has no moment."""

    replaced_from: Instant
    """When the next one signs; `LATEST` where none is there."""

    @property
    def retired_from(self) -> Instant:
        """From when it is neither published nor believed."""
        if self.replaced_from == LATEST:
            return LATEST
        return Instant(self.replaced_from + RETIRED_AFTER)


@dataclass(frozen=True, slots=True)
class Schedule:
    """All keys of a folder, at least one, in the order in which they sign."""

    turns: Sequence[Turn]

    def signing(self, now: Instant) -> str:
        """Give the key that signs at *now*: where all are still waiting, the first of them."""
        begun = [turn for turn in self.turns if turn.signs_from <= now]
        return (begun[-1] if begun else self.turns[0]).key_id

    def state(self, turn: Turn, now: Instant) -> State:
        """Say what the key of *turn* is good for at *now*."""
        if turn.key_id == self.signing(now):
            return State.SIGNING
        if now < turn.signs_from:
            return State.WAITING
        return State.VERIFYING if now < turn.retired_from else State.RETIRED

    def published(self, now: Instant) -> frozenset[str]:
        """Give the keys that are published, and believed, at *now*."""
        rows = ((turn, self.state(turn, now)) for turn in self.turns)
        return frozenset(turn.key_id for turn, state in rows if state is not State.RETIRED)


def schedule(key_ids: Iterable[str]) -> Schedule:
    """Give the schedule of a folder's keys."""
    begins = sorted((signs_from(key_id), key_id) for key_id in key_ids)
    moments = sorted({begin for begin, _ in begins})
    following = dict(zip(moments, [*moments[1:], LATEST], strict=True))
    return Schedule([Turn(key_id, begin, following[begin]) for begin, key_id in begins])


def signs_from(key_id: str) -> Instant:
    """Read the moment in a name; `EARLIEST` where there is none."""
    found = _TIMED.fullmatch(key_id)
    try:
        moment = datetime.strptime(found[1], _FORM).replace(tzinfo=UTC) if found else None
    except ValueError:  # a month 13 is a name like any other
        moment = None
    return EARLIEST if moment is None else Instant(int(moment.timestamp()))


def name_of(moment: Instant, fingerprint: str) -> str:
    """Name a key that signs from *moment*."""
    return f"{datetime.fromtimestamp(moment, UTC):{_FORM}}-{fingerprint}"
