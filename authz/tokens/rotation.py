"""Changing our signing keys without a gap: publish, wait, sign, wait, retire.

Everything is said by files, so it may be done anywhere where the folder can be
written, on several replicas at once, and twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from authz.model.instant import Instant
from authz.tokens.schedule import SIGNS_AFTER, State, Turn
from authz.tokens.signing_keys import KeysUnusable, locked, make_key, read_key_ring


@dataclass(frozen=True, slots=True)
class Rotation:
    """What was done, and the key that signs next."""

    next_key: Turn
    made: bool
    """False where a key was waiting already, so that nothing was to do."""

    removed: tuple[str, ...]
    """Keys that had been retired, or were compromised, whose files are gone."""


def rotate(folder: Path, now: Instant) -> Rotation:
    """
    Make the key that signs next unless one is waiting, and remove retired ones.

    Raises:
        KeysUnusable: the folder cannot be read or written; see `read_key_ring`.
    """
    with _changing(folder):
        turns = read_key_ring(folder).schedule
        states = {turn: turns.state(turn, now) for turn in turns.turns}
        removed = [turn.key_id for turn, state in states.items() if state is State.RETIRED]
        _remove(folder, removed)
        waiting = [turn for turn, state in states.items() if state is State.WAITING]
        if waiting:
            return Rotation(waiting[0], made=False, removed=tuple(removed))
        made = make_key(folder, Instant(now + SIGNS_AFTER))
        return Rotation(_turn_of(made, folder), made=True, removed=tuple(removed))


def replace_compromised(folder: Path, now: Instant) -> Rotation:
    """
    Make a key that signs at once, and remove all others: whatever they signed ends now.

    Raises:
        KeysUnusable: as `rotate`.
    """
    with _changing(folder):
        others = [turn.key_id for turn in read_key_ring(folder).schedule.turns]
        # Made first: a replica that looks in between has a key.
        made = make_key(folder, now)
        _remove(folder, others)
        return Rotation(_turn_of(made, folder), made=True, removed=tuple(others))


def _turn_of(key_id: str, folder: Path) -> Turn:
    turns = read_key_ring(folder).schedule.turns
    return next(turn for turn in turns if turn.key_id == key_id)


def _remove(folder: Path, key_ids: list[str]) -> None:
    for key_id in key_ids:
        (folder / f"{key_id}.pem").unlink()


@contextmanager
def _changing(folder: Path) -> Iterator[None]:
    try:
        with locked(folder):
            yield
    except OSError as error:
        raise KeysUnusable(f"{error.filename}: {error.strerror}") from error
