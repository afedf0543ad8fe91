"""Everything changes under a steady load: no good call is refused, and no bad one accepted."""

from __future__ import annotations

from pathlib import Path

from tests.reload.load import run

SECONDS = 5.0
"""For everyday; `make reload-load` takes as long as it is told."""


def test_changes_under_load(tmp_path: Path) -> None:
    """Directory, policies, signing keys and certificates change, sound and broken, while called."""
    figures = run(tmp_path, SECONDS)
    print(figures)

    assert figures.refused_good == []
    assert figures.accepted_bad == []
    assert figures.unverified == []
    assert min(figures.changes.values()) >= 1
    assert {"good", "forbidden", "bad token", "switched off"} <= figures.calls.keys()
    assert figures.handshakes > 1
