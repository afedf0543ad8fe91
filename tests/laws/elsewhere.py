"""Another process that decides the same, under another hash seed.

Sets of strings have another order under another hash seed, so whatever depends
on it is recorded differently there. Requests come in and records go out pickled.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from authz.server.decision_point import DecisionPoint
from authz.server.needs import NeedAnswers
from authz.server.worlds import CurrentWorld
from authz.telemetry.logs import open_log
from tests.laws.checks import NOW
from tests.laws.deciding import answer
from tests.laws.parties import Draft
from tests.support.direct import KeptRecords
from tests.support.values import replace
from tests.support.worlds import load_world

SEEDS = ("1", "2")
WORD = "narrowgate"
CHANGES_EACH_TIME = {"decision", "trace", "stages_us"}
Record = Mapping[str, Any]


def comparable(record: Record) -> dict[str, Any]:
    """Give a record without ids and timings."""
    kept = {name: value for name, value in record.items() if name not in CHANGES_EACH_TIME}
    token = kept["token"]
    return {**kept, "token": token and {k: v for k, v in token.items() if k != "jti"}}


@dataclass(frozen=True)
class Elsewhere:
    """The other process, as this one asks it."""

    requests: IO[bytes]
    records: IO[bytes]
    hash_of_a_word: int

    def record_of(self, question: Draft | bytes) -> Record:
        """Give the record of a draft's call in its own world, or of a Check in the worked world."""
        pickle.dump(question, self.requests)
        self.requests.flush()
        record: Record = pickle.load(self.records)
        return record


@contextmanager
def running_elsewhere(home: Path) -> Iterator[Elsewhere]:
    """Run the other process in the world of *home*, with another hash seed than this one's."""
    seed = next(each for each in SEEDS if each != os.environ.get("PYTHONHASHSEED"))
    command = [sys.executable, "-m", __name__, str(home)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONHASHSEED": seed},
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        yield Elsewhere(child.stdin, child.stdout, pickle.load(child.stdout))
        child.stdin.close()


def record_of(request: bytes, decision_point: DecisionPoint) -> Record:
    """Answer a Check at the instant that its token is good at, and give the record."""
    records = KeptRecords()
    fresh = replace(decision_point, records=records, needs=NeedAnswers(), clock=lambda: NOW)
    fresh.answer(request, "out", {})
    (record,) = records.rows
    return record


def main(home: Path) -> None:
    """Answer questions until there are no more."""
    world, keys = load_world(home)
    decision_point = DecisionPoint(CurrentWorld(world, keys), KeptRecords(), open_log("error"))
    pickle.dump(hash(WORD), sys.stdout.buffer)
    sys.stdout.buffer.flush()
    while True:
        try:
            question = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        is_draft = isinstance(question, Draft)
        record = answer(question).record if is_draft else record_of(question, decision_point)
        pickle.dump(json.loads(json.dumps(record)), sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
