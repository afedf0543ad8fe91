"""What of a `Gate` a running gate cannot take over: it says so, and keeps what it has."""

from __future__ import annotations

from collections.abc import Iterator

from authz.directory.compiled import Gate
from authz.directory.diagnostics import Diagnostic
from authz.directory.parse import Document

RESTART = "restart the gate, or put it back as it was"


def restart_mistakes(document: Document, before: Gate, after: Gate) -> Iterator[Diagnostic]:
    """
    Give a mistake for each member of *after* that a running gate cannot change to.

    Args:
        document: What *after* was compiled from.
        before: What the running gate was started with.
        after: What is declared now.
    """
    changes = (
        ("the listeners change", ("listeners",), before.listeners != after.listeners),
        (
            "the folder of signing keys changes",
            ("issuer", "keys", "folder"),
            before.keys_folder != after.keys_folder,
        ),
        (
            "the file of records changes",
            ("records", "file"),
            before.records_file != after.records_file,
        ),
        (
            "the level of records changes",
            ("records", "level"),
            before.records_level != after.records_level,
        ),
    )
    for what, path, is_changed in changes:
        if is_changed:
            yield Diagnostic(document.at(*path), f"{what} at a restart only", RESTART)
