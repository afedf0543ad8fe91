"""Reading a folder of text files into memory, within bounds."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_FILES = 100_000

TEXTS = (".cedar", ".json", ".yaml", ".yml")
VOLUME = ".."
"""How the names of a Kubernetes volume's own folders and links begin."""


def read_folder(home: Path, part: str) -> Mapping[str, bytes]:
    """
    Read every file below `home/part`, keyed by its path from *home*, with slashes.

    Nothing is left out in silence, for a policy that is not read does not
    forbid. Names that begin with two dots are the inner folders of a
    Kubernetes volume; its files are links, and those are followed.

    Raises:
        InvalidWorld: the folder is missing; a file or folder is unreadable, too
            large, hidden, no plain file, or a link to a folder.
    """
    top = home / part
    if not top.is_dir():
        missing = Diagnostic(Position(part), "the folder is missing", f"expected in {home}")
        raise InvalidWorld([missing])
    files: dict[str, bytes] = {}
    mistakes: list[Diagnostic] = []
    for path in _paths(top, home, mistakes):
        name = path.relative_to(home).as_posix()
        try:
            files[name] = read_file(path)
        except OSError as error:
            mistakes.append(Diagnostic(Position(name), f"cannot be read: {error.strerror}"))
        except ValueError as error:
            mistakes.append(Diagnostic(Position(name), str(error)))
        if len(files) > MAX_FILES:
            raise InvalidWorld([Diagnostic(Position(part), f"more than {MAX_FILES} files")])
    if mistakes:
        raise InvalidWorld(mistakes)
    return files


def _paths(top: Path, home: Path, mistakes: list[Diagnostic]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        name = Path(error.filename).relative_to(home).as_posix()
        mistakes.append(Diagnostic(Position(name), f"cannot be read: {error.strerror}"))

    for parent, folders, names in os.walk(top, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith(VOLUME))
        for path in (Path(parent, name) for name in folders):
            mistake = _folder_mistake(path)
            if mistake is not None:
                place = Position(path.relative_to(home).as_posix())
                mistakes.append(Diagnostic(place, *mistake))
        yield from (Path(parent, name) for name in sorted(names) if not _is_furniture(name))


def _is_furniture(name: str) -> bool:
    """Say whether a file is a volume's own or hidden, and could not be a document or policy."""
    return name.startswith(VOLUME) or (name.startswith(".") and not name.endswith(TEXTS))


def _folder_mistake(path: Path) -> tuple[str, str] | None:
    if path.is_symlink():
        return "a link to a folder is not followed", "put the folder itself here, or mount it"
    if path.name.startswith("."):
        return "a hidden folder is not read", "rename it, or keep it elsewhere"
    return None


def read_file(path: Path) -> bytes:
    """
    Read one file of at most `MAX_FILE_BYTES`.

    Raises:
        OSError: it cannot be read.
        ValueError: it is hidden, no plain file, or larger; the message says so.
    """
    if path.name.startswith("."):
        raise ValueError("a hidden file is not read; rename it, or keep it elsewhere")
    if not path.is_file():
        raise ValueError("it is no plain file")
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"the file is larger than {MAX_FILE_BYTES} bytes")
    return content
