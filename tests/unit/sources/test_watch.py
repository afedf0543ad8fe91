"""`sources.watch`: every way in which a file changes is seen, once it is over."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from authz.directory.diagnostics import InvalidWorld
from authz.sources.folder import is_of_volume, read_folder
from authz.sources.watch import MOST_SECONDS, Settling, look
from tests.support.volume import Volume, as_volume
from tests.support.waiting import wait_until

TEXT = b"lifecycle: active    "
SAME_LENGTH = b"lifecycle: suspended "


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file in a folder; what changes now gets a time of its own."""
    top, clock = tmp_path / "directory", tmp_path / "clock"
    (top / "ns").mkdir(parents=True)
    (top / "ns/agents.yaml").write_bytes(TEXT)
    clock.touch()

    def is_later() -> bool:
        # Many kernels tell times of files in steps of some milliseconds.
        clock.touch()
        return clock.stat().st_ctime_ns > (top / "ns/agents.yaml").stat().st_ctime_ns

    wait_until(is_later)
    return top


def write_beside(folder: Path) -> None:
    """Write as editors and tools do: into another file, which takes the place of the first."""
    (folder / "ns/.agents.yaml.tmp").write_bytes(SAME_LENGTH)
    (folder / "ns/.agents.yaml.tmp").rename(folder / "ns/agents.yaml")


def write_at_the_same_time(folder: Path) -> None:
    """Change the content alone: length and time of change are put back."""
    path = folder / "ns/agents.yaml"
    status = path.stat()
    path.write_bytes(SAME_LENGTH)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "written in place": lambda folder: (folder / "ns/agents.yaml").write_bytes(SAME_LENGTH),
    "written, with its time put back": write_at_the_same_time,
    "renamed into place": write_beside,
    "added": lambda folder: (folder / "ns/more.yaml").write_bytes(b""),
    "added in a new folder": lambda folder: (folder / "more").mkdir(),
    "removed": lambda folder: (folder / "ns/agents.yaml").unlink(),
    "cut off": lambda folder: os.truncate(folder / "ns/agents.yaml", 3),
    "moved": lambda folder: (folder / "ns").rename(folder / "other"),
    "closed": lambda folder: (folder / "ns/agents.yaml").chmod(0o200),
    "the whole folder gone": lambda folder: folder.rename(folder.with_name("gone")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_seen(change: Callable[[Path], object], folder: Path) -> None:
    """A change makes another look; without one, two looks see the same."""
    before = look([folder])
    assert look([folder]) == before

    change(folder)
    assert look([folder]) != before


@pytest.mark.parametrize("name", ["ns/agents.yaml", "more.yaml"])
def test_volume(name: str, folder: Path) -> None:
    """A swap of a mounted volume is seen through its links, of folders and of files."""
    (folder / "more.yaml").write_bytes(TEXT)
    volume = as_volume(folder)
    before = look([folder / name.partition("/")[0]])
    assert str(folder / name) in before

    volume.write({"ns/agents.yaml": TEXT, "more.yaml": TEXT, name: SAME_LENGTH})
    assert look([folder / name.partition("/")[0]]) != before


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """What is not there is seen to come."""
    path = tmp_path / "keys.json"
    before = look([path])
    path.write_bytes(b"{}")

    assert look([path]) != before


def test_a_folder_that_is_a_link(folder: Path) -> None:
    """Where the world itself is a link, that it leads elsewhere is seen."""
    place = folder.with_name("current")
    place.symlink_to(folder.name)
    (folder.with_name("next") / "ns").mkdir(parents=True)
    before = look([place / "ns"])
    place.unlink()
    place.symlink_to("next")

    assert look([place / "ns"]) != before


def test_links_in_a_circle(folder: Path) -> None:
    """Links to folders are not entered, but for those of a volume, which lead deeper each time."""
    for name in ("a", "b", "..data"):
        (folder / "ns" / name).symlink_to("..")
    assert len(look([folder])) == 5

    # Even what looks like a volume leads nowhere but deeper.
    volume = Volume(folder / "volume")
    volume.write({"ns/x.yaml": TEXT})
    (folder / "volume/..data/ns/ns").symlink_to("../ns")
    assert str(folder / "volume/ns/x.yaml") in look([folder])
    assert not any("ns/ns/" in path for path in look([folder / "volume"]))


NO_VOLUMES = {
    "a volume elsewhere": ("ns", "other/..data/ns"),
    "another name": ("ns", "volume/..data/more"),
    "no inner folder": ("ns", "volume/plain/ns"),
    "out of the folder": ("ns", ".."),
}


@pytest.mark.parametrize(("name", "target"), NO_VOLUMES.values(), ids=NO_VOLUMES)
def test_other_links_are_not_followed(name: str, target: str, tmp_path: Path) -> None:
    """A link to a folder is followed only as a volume has it: neither looked at nor read."""
    for folder in ("other/..data/ns", "volume/..data/more", "volume/plain/ns"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "agents.yaml").write_bytes(TEXT)
    place = tmp_path / "volume" / name
    place.symlink_to(tmp_path / target)

    assert not is_of_volume(place)
    assert [*look([place])] == [str(place)]
    with pytest.raises(InvalidWorld, match="a link to a folder is not followed"):
        read_folder(tmp_path, "volume")


A, B, C = ({"a": (1,)}, {"a": (2,)}, {"a": (3,)})


def test_acted_on_once_it_rests() -> None:
    """A change is acted on when two looks see the same, and then only once."""
    settling = Settling()
    acted = [settling.note(seen, moment) for moment, seen in enumerate([A, A, A, B, B, B])]

    assert acted == [False, True, False, False, True, False]


def test_what_goes_on_is_waited_for() -> None:
    """While each look sees something else nothing is done, until it has lasted too long."""
    settling = Settling(acted_on=A)
    looks = [B, C] * 20
    acted = [settling.note(seen, 0.25 * number) for number, seen in enumerate(looks)]

    assert acted.index(True) == MOST_SECONDS / 0.25
    assert not any(acted[acted.index(True) + 1 : 2 * acted.index(True)])


def test_a_change_that_was_taken_back() -> None:
    """What is as it was when it was acted on is no change, and the time for it begins anew."""
    settling = Settling(acted_on=A)

    assert [settling.note(seen, 0) for seen in (B, A, A)] == [False] * 3
    assert [settling.note(seen, MOST_SECONDS) for seen in (B, B)] == [False, True]
