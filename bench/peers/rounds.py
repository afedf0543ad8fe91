"""The rounds of a comparison: fresh servers, checked, then measured in turns.

Within a round the servers take turns at each load, so that what else the
machine does falls on all of them; every second round goes the other way round.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from bench.cases import Case, mistakes
from bench.peers.envoy import in_front_of
from bench.peers.loads import Aim, Failed, Found, Load, calibration, send
from bench.peers.places import RUNNING, SERVER_CORE, Place, free_port
from bench.peers.running import Running, running
from bench.peers.servers import NO_WORK, Role, Server

NO_FILTER = "no filter"
"""Who is asked by an Envoy that asks nobody."""


class AnswersWrong(Exception):
    """A server answers a case wrong, so it is not timed; the message says which."""


@dataclass(frozen=True)
class Run:
    """What one load of one server found in one round."""

    round: int
    load: str
    server: str
    found: Found
    machine_load: float
    """The machine's load average over a minute, at the end of it."""

    def as_json(self) -> dict[str, Any]:
        """Give it as a row of the results."""
        head = {"round": self.round, "load": self.load, "server": self.server}
        return {**head, "machine_load": round(self.machine_load, 2), **self.found}


@dataclass
class _Started:
    server: Server
    place: Place
    process: Running
    offsets: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """Who is compared by what."""

    servers: Sequence[Server]
    loads: Sequence[Load]
    cases: Sequence[Case]
    jwks_url: str
    seconds: float

    def round(self, number: int) -> Iterator[Run]:
        """
        Measure one round.

        Raises:
            NotStarted: a server does not start.
            AnswersWrong: one answers a case wrong.
        """
        with ExitStack() as opened:
            started = [self._start(server, opened) for server in self.servers]
            in_turn = started if number % 2 == 0 else started[::-1]
            for load in self.loads:
                for server, found in self._turns(load, in_turn):
                    yield Run(number, load.name, server, found, os.getloadavg()[0])

    def _start(self, server: Server, opened: ExitStack) -> _Started:
        folder = RUNNING / server.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        place = Place(folder, free_port(), self.jwks_url)
        command, log = server.command(place), folder / "output.log"
        process = opened.enter_context(
            running(command, SERVER_CORE, place.port, log, server.packages)
        )
        if server.role is not Role.NOTHING:
            asked = [case for case in self.cases if server.is_ours or not case.strict]
            wrong = mistakes(place.address, asked)
            if wrong:
                raise AnswersWrong(f"{server.name}: {wrong}")
        process.freeze()
        return _Started(server, place, process)

    def _turns(self, load: Load, started: Iterable[_Started]) -> Iterator[tuple[str, Found]]:
        if load.through_envoy:
            yield NO_FILTER, self._through_envoy(load, None)
        for one in started:
            if not _gets(one.server, load):
                continue
            with one.process.awake():
                if load.through_envoy:
                    yield one.server.name, self._through_envoy(load, one)
                else:
                    yield one.server.name, self._directly(load, one)

    def _directly(self, load: Load, one: _Started) -> Found:
        does_work = one.server.role is not Role.NOTHING
        offset = one.offsets.get(load.corpus, 0)
        aim = Aim(one.place.address, [one.process.group], does_work, offset)
        found = _found(load, aim, self.seconds)
        one.offsets[load.corpus] = int(found.get("next_offset", offset))
        return found

    def _through_envoy(self, load: Load, one: _Started | None) -> Found:
        port = one.place.port if one else None
        with in_front_of(port, RUNNING / "envoy") as (address, envoy):
            # Without a server only Envoy's own time is read, which then stands first.
            groups = [one.process.group, envoy.group] if one else [envoy.group]
            does_work = one is not None and one.server.role is not Role.NOTHING
            return _found(load, Aim(address, groups, does_work), self.seconds)


def _gets(server: Server, load: Load) -> bool:
    return server.role in load.roles or (load.through_envoy and server.name == NO_WORK)


def _found(load: Load, aim: Aim, seconds: float) -> Found:
    try:
        return send(load, aim, seconds)
    except Failed as error:
        return {"failed": str(error)}


def machine_state() -> Mapping[str, Any]:
    """Give how busy the machine is, by its load average and by what fixed work costs."""
    return {"load_average": [round(value, 2) for value in os.getloadavg()], **calibration()}
