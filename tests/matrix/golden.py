"""The golden file: where it lies, and how it is made and compared."""

from __future__ import annotations

import tempfile
from pathlib import Path

from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from authz.telemetry.logs import open_log
from tests.matrix.asking import ask
from tests.matrix.changes import summary
from tests.matrix.text import read, write
from tests.support.direct import KeptRecords
from tests.support.worlds import load_world, prepare_home

GOLDEN = Path(__file__).parent / "golden.txt"
RENEW = "make matrix"


def open_decision_point(folder: Path) -> DecisionPoint:
    """Give the worked world, copied into *folder*, behind a server without sockets."""
    world, keys = load_world(prepare_home(folder))
    return DecisionPoint(CurrentWorld(world, keys), KeptRecords(), open_log("error"))


def renew() -> list[str]:
    """Write the golden file anew, and give what changed in it."""
    with tempfile.TemporaryDirectory() as folder:
        asked = ask(open_decision_point(Path(folder)))
    before = read(GOLDEN.read_text()) if GOLDEN.exists() else {}
    GOLDEN.write_text(write(asked))
    return summary(before, asked.matrix)
