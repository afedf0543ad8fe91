"""The first world of a start: validated here, or by a process of its own, or some time before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from authz.directory.diagnostics import InvalidWorld
from authz.directory.load import OwnPlaces, own_places
from authz.sources.declared import (
    ChangedMeanwhile,
    Declared,
    Texts,
    check_texts,
    load_texts,
    read_declared,
    read_texts,
)
from authz.sources.kept import KeptVerdict
from authz.sources.validate import NoVerdict, Validator

LARGE = 512 * 1024
"""Bytes of a world from which on a verdict is kept. A smaller one is validated sooner than a
process is started."""


def open_declared(
    home: Path,
    kept_at: Callable[[OwnPlaces], KeptVerdict],
    validator: Validator,
    log: FilteringBoundLogger,
) -> Declared:
    """
    Read the world of *home*, which somebody has validated.

    Args:
        home: A world's folder.
        kept_at: Gives where a verdict is kept, once it is known where keys and records are.
        validator: Validates a large world.
        log: Is told where a verdict cannot be kept.

    Raises:
        InvalidWorld: with every mistake.
        ChangedMeanwhile: somebody goes on writing.
    """
    texts = read_texts(home)
    places = own_places(texts.directory) if texts.size >= LARGE else None
    if places is None:
        return check_texts(home, texts)
    kept = kept_at(places)
    declared = _as_kept(home, texts, kept)
    if declared is not None:
        return declared
    try:
        with kept.alone():
            # Another process may have done it while this one waited.
            return _as_kept(home, texts, kept) or _validated(home, kept, validator, log)
    except OSError as error:
        log.warning("verdict_not_kept", file=str(kept.file), why=str(error))
        return read_declared(home)


def _validated(
    home: Path, kept: KeptVerdict, validator: Validator, log: FilteringBoundLogger
) -> Declared:
    try:
        vetted = validator.validate()
    except NoVerdict as error:
        # Its time is measured for reloads; nobody waits for an answer of ours before a start.
        log.warning("validated_here", why=str(error))
        vetted = read_declared(home).vetted
    kept.keep(vetted)
    return load_texts(home, read_texts(home), vetted)


def _as_kept(home: Path, texts: Texts, kept: KeptVerdict) -> Declared | None:
    vetted = kept.find(texts.folders)
    if vetted is None:
        return None
    try:
        return load_texts(home, texts, vetted)
    except (ChangedMeanwhile, InvalidWorld):
        # A key file was changed, which is checked together with the folders.
        return None
