"""What a validation found, as text: lines of JSON, each short, so that none is read for long.

The first line says whether the world loads; one line for each document follows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, astuple
from typing import Any

from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position, Severity
from authz.directory.index import Indexed
from authz.sources.declared import Vetted

MOST_MISTAKES = 1000
"""That are told; who makes more mends these first."""


class NotVerdict(Exception):
    """The text says neither that a world loads nor what is wrong with it."""


def mistakes_text(mistakes: Sequence[Diagnostic]) -> bytes:
    """Write that a world does not load."""
    return _line({"mistakes": [_told(row) for row in mistakes[:MOST_MISTAKES]]})


def vetted_text(vetted: Vetted) -> bytes:
    """Write that a world loads, and what was found."""
    head = {
        "mistakes": [],
        "folders": vetted.folders,
        "all": vetted.all,
        "quarantined": dict(vetted.quarantined),
        "warnings": [_told(row) for row in vetted.warnings[:MOST_MISTAKES]],
        "documents": len(vetted.index),
    }
    return b"".join([_line(head), *(_line(astuple(row)) for row in vetted.index)])


def read_verdict(text: bytes) -> Vetted:
    """
    Read what a validation found.

    Raises:
        InvalidWorld: with its mistakes.
        NotVerdict: it is no whole verdict.
    """
    first, *lines = text.split(b"\n")
    try:
        head = json.loads(first)
        mistakes = [_diagnostic(row) for row in head["mistakes"]]
        if not mistakes:
            return _vetted(head, lines)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotVerdict from error
    raise InvalidWorld(mistakes)


def _vetted(head: dict[str, Any], lines: Sequence[bytes]) -> Vetted:
    if len(lines) != head["documents"] + 1 or lines[-1]:
        raise NotVerdict
    return Vetted(
        folders=head["folders"],
        all=head["all"],
        index=tuple(_indexed(json.loads(line)) for line in lines[:-1]),
        quarantined=dict(head["quarantined"]),
        warnings=tuple(_diagnostic(row) for row in head["warnings"]),
    )


def _indexed(row: list[Any]) -> Indexed:
    file, line, start, end, kind, name, waits, spiffe_ids, clients = row
    pairs = tuple((issuer, client) for issuer, client in clients)
    return Indexed(file, line, start, end, kind, name, waits, tuple(spiffe_ids), pairs)


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def _told(row: Diagnostic) -> dict[str, object]:
    return {
        **asdict(row.position),
        "message": row.message,
        "hint": row.hint,
        "severity": str(row.severity),
    }


def _diagnostic(row: dict[str, Any]) -> Diagnostic:
    place = Position(row["file"], row["line"], row["column"])
    return Diagnostic(place, row["message"], row["hint"], Severity(row["severity"]))
