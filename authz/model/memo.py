"""What was worked out before, kept under everything that it was worked out from.

A memo never changes an answer: its key holds, or its owner is replaced with,
every input of what it keeps. It is bounded, and it says how often it helped.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar
from weakref import WeakSet

Key = TypeVar("Key")
Kept = TypeVar("Kept")


class Memo(Generic[Key, Kept]):
    """
    At most twice *bound* values, in two generations.

    When the new one is full it becomes the old one, and what was in the old one
    and not asked for since is forgotten: nothing has to be counted or sorted for
    that. Several threads may share it; two that miss at once both work it out.
    """

    __slots__ = ("__weakref__", "_bound", "_new", "_old", "hits", "misses", "name")

    def __init__(self, name: str, bound: int) -> None:
        """Keep up to twice *bound* values; *name* is what metrics call it."""
        self.name = name
        self.hits = 0
        self.misses = 0
        self._bound = bound
        self._new: dict[Key, Kept] = {}
        self._old: dict[Key, Kept] = {}
        _living.add(self)

    def __len__(self) -> int:
        return len(self._new) + len(self._old)

    def find(self, key: Key) -> Kept | None:
        """Give what is kept under *key*; None where nothing is, so None cannot be kept."""
        kept = self._new.get(key)
        if kept is None:
            kept = self._old.pop(key, None)
            if kept is None:
                self.misses += 1
                return None
            self.keep(key, kept)
        self.hits += 1
        return kept

    def keep(self, key: Key, value: Kept) -> Kept:
        """Keep *value* under *key*, and give it."""
        if len(self._new) >= self._bound:
            self._old, self._new = self._new, {}
        self._new[key] = value
        return value


_living: WeakSet[Memo[Any, Any]] = WeakSet()


def living() -> tuple[Memo[Any, Any], ...]:
    """Give all memos that somebody has, for those who show how much they help."""
    while True:
        try:
            return tuple(_living)
        except RuntimeError:
            # Another thread makes a world, and memos with it.
            continue
