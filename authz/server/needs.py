"""What a decision needs to know, found out while its Check waits.

Few may wait at the same time: who sends tokens that somebody slow has to be
asked about must not hold up everybody else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

from authz.model.instant import Instant
from authz.model.needs import (
    ChallengeNeeded,
    KeysNeeded,
    Need,
    Unanswered,
)
from authz.server.challenges import Challenges
from authz.server.worlds import Elsewhere

MAX_WAITING = 24
"""Checks that wait for what an issuer says of a token at the same time."""

MAX_WAITING_FOR_KEYS = 12
"""
Checks that wait for keys, beside those: tokens that name keys of an issuer that
does not answer can be made without end, and must not silence another issuer.
"""

MAX_SECONDS = 1.5
"""For all needs of a Check together; Envoy waits 2 s, and the no must still arrive."""

MARGIN = 0.3
"""Seconds that are kept of what Envoy gives, for deciding, recording and answering."""


class WouldWait(BaseException):
    """A Check that must not wait where it is decided wants to: it is to be decided elsewhere."""


def never_waiting() -> AbstractContextManager[None]:
    """Be the `aside` of a Patience where nothing may wait."""
    raise WouldWait


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a Check may wait, and what is done while it does."""

    seconds: float = MAX_SECONDS
    aside: Callable[[], AbstractContextManager[None]] = nullcontext
    """Entered while waiting: gives the Check's turn to another."""

    @classmethod
    def of(
        cls,
        remaining: float | None,
        aside: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> Patience:
        """Give the patience of a Check with *remaining* seconds to its deadline; None has none."""
        left = MAX_SECONDS if remaining is None else remaining - MARGIN
        return cls(max(0.0, min(MAX_SECONDS, left)), aside)


@dataclass(frozen=True, slots=True)
class NeedAnswers:
    """Answers every kind of need."""

    challenges: Challenges = field(default_factory=Challenges)
    for_tokens: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MAX_WAITING)
    )
    for_keys: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MAX_WAITING_FOR_KEYS)
    )

    def answer(self, need: Need, elsewhere: Elsewhere, now: Instant, patience: Patience) -> object:
        """Answer *need* from *elsewhere*, waiting at most as long as *patience* has."""
        if isinstance(need, ChallengeNeeded):
            return self.challenges.answer(need, now)
        places = self.for_keys if isinstance(need, KeysNeeded) else self.for_tokens
        with _place(places) as has_place:
            if not has_place:
                # It does not wait, so it keeps its turn.
                return Unanswered("too many Checks wait for an answer")
            with patience.aside():
                return elsewhere.answer(need, patience.seconds)


@contextmanager
def _place(places: threading.BoundedSemaphore) -> Iterator[bool]:
    has_place = places.acquire(blocking=False)
    try:
        yield has_place
    finally:
        if has_place:
            places.release()
