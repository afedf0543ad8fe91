"""Progress of long work on standard error: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from authz.directory.progress import Progress, Stage, untold

SECONDS = 3.0
"""Between two lines, where there is no terminal."""


@contextmanager
def progress(wanted: bool | None) -> Iterator[Progress]:  # noqa: FBT001 - a flag's three values
    """
    Give whom to tell how far the work is.

    Args:
        wanted: Yes, no, or None: if somebody watches.
    """
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    if wanted is False or (wanted is None and not console.is_terminal):
        yield untold
    elif console.is_terminal:
        with _bars(console) as bars:
            yield _Bar(bars).tell
    else:
        yield Lines(time.monotonic, lambda line: typer.echo(line, err=True)).tell


def _bars(console: Console) -> Bars:
    """Give bars that are gone once the work is done: what was found is what stays."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Bars(*columns, console=console, transient=True)


class _Bar:
    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks = {stage: bars.add_task(str(stage), visible=False) for stage in Stage}

    def tell(self, stage: Stage, done: int, of: int) -> None:
        self._bars.update(self._tasks[stage], completed=done, total=of, visible=True)


class Lines:
    """A line every few seconds."""

    def __init__(self, clock: Callable[[], float], write: Callable[[str], None]) -> None:
        """Write nothing until `SECONDS` have gone by on *clock*."""
        self._clock = clock
        self._write = write
        self._last = clock()

    def tell(self, stage: Stage, done: int, of: int) -> None:
        """Write how far it is, unless that was done a moment ago."""
        now = self._clock()
        if now - self._last >= SECONDS:
            self._last = now
            self._write(f"{stage}: {done} of {of}")
