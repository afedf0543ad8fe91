"""`tokens.rotation`: files that change the key that signs, however often and from wherever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from authz.model.instant import Instant
from authz.tokens.rotation import Rotation, replace_compromised, rotate
from authz.tokens.schedule import RETIRED_AFTER, SIGNS_AFTER
from authz.tokens.signing_keys import (
    KeysUnusable,
    SigningKeys,
    make_key,
    open_key_ring,
    read_key_ring,
)

NOON = Instant(4_000_000_000)
"""Long after whatever the first key says."""

ROTATORS = 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with its first key."""
    open_key_ring(tmp_path / "keys")
    return tmp_path / "keys"


def after(folder: Path, seconds: int) -> SigningKeys:
    """Give the keys that are good so long after noon."""
    return read_key_ring(folder).at(Instant(NOON + seconds))


def published(keys: SigningKeys) -> set[str | None]:
    """Give the ids that are published."""
    return {key.key_id for key in keys.public.keys}


def test_a_rotation(folder: Path) -> None:
    """The new key is published at once, signs later, and the one before it goes in the end."""
    first = after(folder, 0).signing_id
    done = rotate(folder, NOON)
    new = done.next_key.key_id

    assert (done.made, done.removed, done.next_key.signs_from) == (True, (), NOON + SIGNS_AFTER)
    assert (folder / f"{new}.pem").stat().st_mode & 0o777 == 0o600
    for seconds, signs, known in (
        (0, first, {first, new}),
        (SIGNS_AFTER - 1, first, {first, new}),
        (SIGNS_AFTER, new, {first, new}),
        (SIGNS_AFTER + RETIRED_AFTER - 1, new, {first, new}),
        (SIGNS_AFTER + RETIRED_AFTER, new, {new}),
    ):
        keys = after(folder, seconds)
        assert (keys.signing_id, published(keys)) == (signs, known), seconds


def test_again(folder: Path) -> None:
    """While a key waits another call changes nothing; once it signs, the next one may come."""
    first = rotate(folder, NOON)
    again = rotate(folder, Instant(NOON + SIGNS_AFTER - 1))
    third = rotate(folder, Instant(NOON + SIGNS_AFTER))

    assert again == Rotation(first.next_key, made=False, removed=())
    assert third.made
    assert len([*folder.glob("*.pem")]) == 3


def test_two_that_wait(folder: Path) -> None:
    """Where somebody has laid in more keys than one, the one that is told is whose turn is next."""
    later = make_key(folder, Instant(NOON + 2 * SIGNS_AFTER))
    sooner = make_key(folder, Instant(NOON + SIGNS_AFTER))

    done = rotate(folder, NOON)

    assert (done.next_key.key_id, done.made) == (sooner, False)
    assert later in published(after(folder, 0))


def test_retired_keys_are_removed(folder: Path) -> None:
    """Removed is what is retired, and nothing before."""
    (first,) = folder.glob("*.pem")
    rotate(folder, NOON)
    end = NOON + SIGNS_AFTER + RETIRED_AFTER

    assert rotate(folder, Instant(end - 1)).removed == ()
    assert first.exists()
    assert rotate(folder, Instant(end)).removed == (first.stem,)
    assert not first.exists()


def test_at_once(folder: Path) -> None:
    """Several that rotate at the same time make one key, and all say the same."""
    with ThreadPoolExecutor(ROTATORS) as pool:
        done = [*pool.map(lambda _: rotate(folder, NOON), range(ROTATORS))]

    assert len({each.next_key for each in done}) == 1
    assert [each.made for each in done].count(True) == 1
    assert len([*folder.glob("*.pem")]) == 2


def test_compromised(folder: Path) -> None:
    """One new key signs at once, and nothing that another signed is believed any more."""
    rotate(folder, NOON)
    before = {path.stem for path in folder.glob("*.pem")}
    done = replace_compromised(folder, NOON)
    keys = after(folder, 0)

    assert (set(done.removed), done.made) == (before, True)
    assert keys.signing_id == done.next_key.key_id
    assert published(keys) == {keys.signing_id}
    assert keys.signing_id not in before


def test_compromised_by_a_clock_that_is_ahead(folder: Path) -> None:
    """A replica whose clock is behind signs with the new key all the same: there is no other."""
    done = replace_compromised(folder, NOON)

    assert after(folder, -30).signing_id == done.next_key.key_id


def test_no_folder(tmp_path: Path) -> None:
    """A folder that is not there is said, and not made."""
    with pytest.raises(KeysUnusable, match="No such file"):
        rotate(tmp_path / "keys", NOON)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("change", [rotate, replace_compromised])
def test_empty_folder(change: object, tmp_path: Path) -> None:
    """A folder without a key was never served from."""
    (tmp_path / "keys").mkdir(mode=0o700)
    with pytest.raises(KeysUnusable, match="no key"):
        change(tmp_path / "keys", NOON)  # type: ignore[operator]
