"""What users were asked to cure, so that nobody is asked twice for what a login did not bring.

A challenge sends a user to log in. If another login of the same user still
lacks what was asked for, asking again would only go round: the refusal then
comes without one. This is remembered in memory, for a while, up to a bound.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace

from authz.model.instant import Instant
from authz.model.needs import Challenged, ChallengeNeeded

REMEMBERED_SECONDS = 300
"""Afterwards a user may have been granted more, and is asked again."""

MAX_REMEMBERED = 10_000


class Challenges:
    """What was asked lately, and with which credential."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: OrderedDict[ChallengeNeeded, tuple[str, Instant]] = OrderedDict()

    def answer(self, need: ChallengeNeeded, now: Instant) -> Challenged:
        """Say whether *need* was asked with another credential; the first time counts as asked."""
        key = replace(need, credential="")
        with self._lock:
            credential, asked = self._asked.get(key, (need.credential, now))
            if now - asked >= REMEMBERED_SECONDS:
                credential, asked = need.credential, now
            self._asked[key] = (credential, asked)
            self._asked.move_to_end(key)
            if len(self._asked) > MAX_REMEMBERED:
                self._asked.popitem(last=False)
        return Challenged(before=credential != need.credential)
