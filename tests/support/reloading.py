"""A gate without sockets and threads that follows its files when a test tells it to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from authz.server.asking import Asking
from authz.server.decision_point import DecisionPoint
from authz.server.reload import Reload
from authz.server.standing import Standing
from authz.server.watching import Watching
from authz.server.worlds import CurrentWorld
from authz.sources.declared import Vetted, read_declared
from authz.sources.peer import Outside
from authz.sources.validate import Validator
from authz.tokens.signing_keys import open_key_ring
from tests.support.cases import Case, case_named
from tests.support.direct import Decided, KeptRecords, decide_case
from tests.support.network import Clock, KeptLog
from tests.support.values import replace

CASE = case_named("search-allowed")


class InThisProcess(Validator):
    """Validates at once: that it is done elsewhere is shown where that is the point."""

    def get_ready(self) -> None:
        """Need nothing."""

    def validate(self) -> Vetted:
        """Read and check everything."""
        return read_declared(self._home).vetted


@dataclass
class Following:
    """The gate, and what it says."""

    home: Path
    clock: Clock
    reload: Reload
    decision_point: DecisionPoint
    watching: Watching
    kept: KeptLog
    moment: float = field(default=0.0, init=False)

    def look(self) -> None:
        """Look as often as it takes to act on what has changed."""
        for _ in range(3):
            self.moment += 1
            self.watching.look_once(self.moment)

    def reason(self, case: Case = CASE) -> str:
        """Ask, and give the reason of the record."""
        return str(self.ask(case).record["reason"])

    def ask(self, case: Case = CASE) -> Decided:
        """Ask."""
        return decide_case(replace(case, now=self.clock()), self.decision_point)

    @property
    def failed(self) -> dict[str, Any]:
        """What `/readyz` says of failures."""
        told: dict[str, Any] = dict(self.reload.standing.told())
        failed: dict[str, Any] = told["failed"]
        return failed

    def edit(self, file: str, before: str, after: str) -> None:
        """Replace the one *before* in a file."""
        text = (self.home / file).read_text()
        assert text.count(before) == 1, (file, before)
        (self.home / file).write_text(text.replace(before, after))


@contextmanager
def following(home: Path, validator: Validator | None = None) -> Iterator[Following]:
    """Put *home* in force, at the time of the cases."""
    kept, clock = KeptLog(), Clock(CASE.now)
    declared = read_declared(home)
    gate = declared.directory.gate
    ring = open_key_ring(home / gate.keys_folder)
    keys = ring.at(clock())
    worlds = CurrentWorld(declared.world(keys.public), keys)
    with Asking(worlds, home, Outside(clock), kept.log) as asking:
        reload = Reload(
            home,
            gate,
            declared,
            ring,
            keys,
            worlds,
            asking,
            validator or InThisProcess(home),
            Standing(declared.version, clock()),
            kept.log,
            clock,
        )
        watching = Watching(reload.parts({}), reload.each_round, kept.log)
        decision_point = DecisionPoint(worlds, KeptRecords(), kept.log)
        gate_that_follows = Following(home, clock, reload, decision_point, watching, kept)
        gate_that_follows.look()
        yield gate_that_follows
