"""Logs: one JSON object a line on standard error, lines for people on a terminal; never a secret.

Nothing that a caller wrote is logged. An exception is logged by its type and
where it was raised; its message may quote data, so it stays out.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
from pathlib import Path
from typing import TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor


class _Unbreakable(io.TextIOBase):
    """A stream whose reader may go away: a log that nobody takes must not stop an answer."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def open_log(level: str) -> FilteringBoundLogger:
    """Give a logger that writes from *level* (one of `settings.LOG_LEVELS`) upwards."""
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(cast(TextIO, _Unbreakable(sys.stderr))),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _renderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    return logger


def _renderer() -> Processor:
    """Give what makes a line: for people where somebody looks, else for programs."""
    if sys.stderr.isatty():
        return structlog.dev.ConsoleRenderer(colors="NO_COLOR" not in os.environ)
    return structlog.processors.JSONRenderer()


def whereabouts(error: BaseException) -> dict[str, object]:
    """Give an exception's type and the places it passed, innermost last, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "at": places[-8:]}
