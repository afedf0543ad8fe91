"""Reading a folder of text files into memory, within bounds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position
from authz.directory.rules import Rule

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_FILES = 100_000

TEXTS = (".cedar", ".json", ".yaml", ".yml")
READINGS = 5
"""How often a folder is read in the hope that nobody writes meanwhile."""

_VOLUME = re.compile(r"\.\.(data|data_tmp|[0-9]{4}_[0-9_.]+)")
"""The inner folders of a Kubernetes volume, and the links to them."""


def file_mistake(place: Position, message: str, hint: str = "") -> Diagnostic:
    """Tell what is wrong with a file itself, not with what it says."""
    return Diagnostic(place, message, hint, rule=Rule.WORLD_FILES)


def is_inner(name: str) -> bool:
    """Say whether a folder is passed over: what it holds is reached by the links beside it."""
    return _VOLUME.fullmatch(name) is not None


def is_of_volume(path: Path) -> bool:
    """
    Say whether *path* is a link to a folder as a Kubernetes volume has them.

    It leads to its own name in an inner folder beside it. So what is followed
    lies deeper each time, and never in a circle or elsewhere.
    """
    real = path.resolve()
    return (
        is_inner(real.parent.name)
        and real.name == path.name
        and real.parent.parent == path.parent.resolve()
    )


def read_folders(home: Path, parts: Sequence[str]) -> tuple[Mapping[str, bytes], ...]:
    """
    Read some folders of *home* as they are at one moment.

    All are read until two readings give the same, so that a volume that is
    swapped meanwhile does not give half of the old and half of the new.

    Raises:
        InvalidWorld: as `read_folder`, with the mistakes of all; or somebody
            goes on writing.
    """
    before = _read_all(home, parts)
    for _ in range(READINGS - 1):
        after = _read_all(home, parts)
        if after == before:
            return after
        before = after
    changing = file_mistake(Position(parts[0]), "the files change while they are read", "try again")
    raise InvalidWorld([changing])


def _read_all(home: Path, parts: Sequence[str]) -> tuple[Mapping[str, bytes], ...]:
    read: list[Mapping[str, bytes]] = []
    mistakes: list[Diagnostic] = []
    for part in parts:
        try:
            read.append(read_folder(home, part))
        except InvalidWorld as error:
            mistakes.extend(error.diagnostics)
    if mistakes:
        raise InvalidWorld(mistakes)
    return tuple(read)


def read_folder(home: Path, part: str) -> Mapping[str, bytes]:
    """
    Read every file below `home/part`, keyed by its path from *home*, with slashes.

    Nothing is left out in silence, for a policy that is not read does not
    forbid. The inner folders of a Kubernetes volume are passed over; its files
    are links to them, and links are followed within the folder.

    Raises:
        InvalidWorld: the folder is missing; a file or folder is unreadable, too
            large, hidden, no plain file, a link to a folder or out of this one.
    """
    top = home / part
    if not top.is_dir():
        missing = file_mistake(Position(part), "the folder is missing", f"expected in {home}")
        raise InvalidWorld([missing])
    files: dict[str, bytes] = {}
    mistakes: list[Diagnostic] = []
    inside = top.resolve()
    for path in _paths(top, home, mistakes):
        name = path.relative_to(home).as_posix()
        try:
            _refuse_link_out(path, inside)
            files[name] = read_file(path)
        except OSError as error:
            mistakes.append(file_mistake(Position(name), f"cannot be read: {error.strerror}"))
        except ValueError as error:
            mistakes.append(file_mistake(Position(name), str(error)))
        if len(files) > MAX_FILES:
            raise InvalidWorld([file_mistake(Position(part), f"more than {MAX_FILES} files")])
    if mistakes:
        raise InvalidWorld(mistakes)
    return files


def _refuse_link_out(path: Path, inside: Path) -> None:
    if path.is_symlink() and not path.resolve().is_relative_to(inside):
        raise ValueError(f"it is a link out of {inside.name}; put the file itself here")


def _paths(top: Path, home: Path, mistakes: list[Diagnostic]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        name = Path(error.filename).relative_to(home).as_posix()
        mistakes.append(file_mistake(Position(name), f"cannot be read: {error.strerror}"))

    for parent, folders, names in os.walk(top, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not is_inner(name))
        for path in (Path(parent, name) for name in folders):
            mistake = _folder_mistake(path)
            if mistake is not None:
                place = Position(path.relative_to(home).as_posix())
                mistakes.append(file_mistake(place, *mistake))
            elif path.is_symlink():
                # Not entered by the walk itself.
                yield from _paths(path, home, mistakes)
        yield from (Path(parent, name) for name in sorted(names) if not _is_furniture(name))


def _is_furniture(name: str) -> bool:
    """Say whether a file is hidden, and could not be a document or policy."""
    return name.startswith(".") and not name.endswith(TEXTS)


def _folder_mistake(path: Path) -> tuple[str, str] | None:
    if path.is_symlink() and not is_of_volume(path):
        return "a link to a folder is not followed", "put the folder itself here, or mount it"
    if path.name.startswith("."):
        return "a hidden folder is not read", "rename it, or keep it elsewhere"
    return None


def read_file(path: Path) -> bytes:
    """
    Read one file of at most `MAX_FILE_BYTES`.

    Raises:
        OSError: it cannot be read.
        ValueError: it is hidden, missing, no plain file, or larger; the message says so.
    """
    if path.name.startswith("."):
        raise ValueError("a hidden file is not read; rename it, or keep it elsewhere")
    if not os.path.lexists(path):
        raise ValueError("there is no such file")
    if not path.is_file():
        raise ValueError("it is no plain file")
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"the file is larger than {MAX_FILE_BYTES} bytes")
    return content
