"""Seeing that files have changed, by looking at them again and again.

What is compared is what the kernel says of each file that a path leads to, links
followed: so an edit, a rename into place, a removed file, a changed mode and a
Kubernetes volume whose `..data` now leads elsewhere are all seen, on any kind of
file system. Nothing is opened.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from authz.sources.folder import is_inner, is_of_volume

Trace = tuple[int, ...]
"""What the kernel says of a file; no two states of a place have the same."""

Seen = Mapping[str, Trace]

MOST_SECONDS = 2.0
"""For which a change may go on before it is looked at all the same: somebody who writes without
end must not keep a suspension out."""


def look(paths: Iterable[Path]) -> Seen:
    """Give the traces of all *paths*, and of everything in those that are folders."""
    return dict(row for path in paths for row in _traces(path))


def _traces(path: Path) -> Iterator[tuple[str, Trace]]:
    try:
        status = path.stat()
        inner = sorted(path.iterdir()) if _is_entered(path, status.st_mode) else []
    except OSError as error:
        # That nothing is there is a state too.
        yield str(path), (error.errno or 0,)
        return
    yield (
        str(path),
        (
            status.st_dev,
            status.st_ino,
            status.st_mode,
            status.st_uid,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        ),
    )
    for each in inner:
        if not is_inner(each.name):
            yield from _traces(each)


def _is_entered(path: Path, mode: int) -> bool:
    """Say whether it is a folder that is read; links in a circle are not."""
    return stat.S_ISDIR(mode) and (not path.is_symlink() or is_of_volume(path))


@dataclass(slots=True)
class Settling:
    """Tells a change once it is over: when two looks have seen the same."""

    acted_on: Seen = field(default_factory=dict)
    """As it was when somebody last acted on it."""

    last: Seen = field(default_factory=dict)
    since: float | None = None
    """When the change was first seen."""

    def note(self, seen: Seen, now: float) -> bool:
        """
        Take the newest look.

        Args:
            seen: What was seen.
            now: Seconds of a clock that only goes forward.

        Returns:
            Whether to act now. It is noted as done; what comes after is a new change.
        """
        if seen == self.acted_on:
            self.last, self.since = seen, None
            return False
        if self.since is None:
            self.last, self.since = seen, now
            return False
        is_over = seen == self.last or now - self.since >= MOST_SECONDS
        self.last = seen
        if is_over:
            self.acted_on, self.since = seen, None
        return is_over
