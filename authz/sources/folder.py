"""Reading a folder of text files into memory, within bounds."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_FILES = 100_000


def read_folder(home: Path, part: str) -> Mapping[str, bytes]:
    """
    Read every file below `home/part`, keyed by its path from *home*, with slashes.

    Names that begin with a dot are left out (editors, version control, the
    inner folders of a Kubernetes volume); links to files are followed.

    Raises:
        InvalidWorld: the folder is missing, a file is unreadable or too large.
    """
    if not (home / part).is_dir():
        missing = Diagnostic(Position(part), "the folder is missing", f"expected in {home}")
        raise InvalidWorld([missing])
    files: dict[str, bytes] = {}
    mistakes: list[Diagnostic] = []
    for path in _paths(home / part):
        name = path.relative_to(home).as_posix()
        try:
            files[name] = _read(path)
        except OSError as error:
            mistakes.append(Diagnostic(Position(name), f"cannot be read: {error.strerror}"))
        except ValueError as error:
            mistakes.append(Diagnostic(Position(name), str(error)))
        if len(files) > MAX_FILES:
            raise InvalidWorld([Diagnostic(Position(part), f"more than {MAX_FILES} files")])
    if mistakes:
        raise InvalidWorld(mistakes)
    return files


def _paths(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"the file is larger than {MAX_FILE_BYTES} bytes")
    return content
