"""Loads: what is sent to a server, and what one run of the load generator found."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.peers.places import BINARIES, CORPUS, GENERATOR_CORE, SERVER_CORE
from bench.peers.servers import Role

FIRST_PASS_SECONDS = 90
"""By when the slowest server that is worth a look has made its first pass."""

SLACK_SECONDS = 30
WARM_SHARE = 0.3
Found = Mapping[str, Any]


class Failed(Exception):
    """The load generator did not run; the message is its own."""


@dataclass(frozen=True)
class Load:
    """One kind of load, for servers of some roles."""

    corpus: str
    in_flight: int = 16
    rate: float = 0
    """Requests a second of an open loop; 0 is a closed one."""

    first_pass: int = 0
    """So many calls of a fresh server, and nothing before them."""

    once: range | None = None
    """The records that are sent, each once; otherwise they start over."""

    through_envoy: bool = False
    connections: int = 1
    roles: frozenset[Role] = frozenset({Role.MAIN})

    @property
    def name(self) -> str:
        """Name it, as in the tables."""
        how = f"{self.rate:g} offered a second" if self.rate else f"{self.in_flight} in flight"
        first = f", first {self.first_pass:,} calls" if self.first_pass else ""
        many = f", {self.connections} connections" if self.connections > 1 else ""
        envoy = ", through Envoy" if self.through_envoy else ""
        return f"{self.corpus}, {how}{many}{first}{envoy}"


@dataclass(frozen=True)
class Aim:
    """What a load is sent to."""

    address: str
    groups: Sequence[int]
    """Process groups whose CPU is read: the server's first."""

    does_work: bool = True
    offset: int = 0
    """The first record, so that a load goes on where the one before it ended."""


def send(load: Load, aim: Aim, seconds: float) -> Found:
    """
    Send *load* for so long, and give what the load generator found.

    Raises:
        Failed: it ended otherwise than by having measured, or no call was answered.
    """
    measured = FIRST_PASS_SECONDS if load.first_pass else seconds
    warm = 0.0 if load.first_pass else seconds * WARM_SHARE
    once = range(load.first_pass) if load.first_pass else load.once
    start, end = (once.start, once.stop) if once else (aim.offset, 0)
    command = [
        str(BINARIES / "loadgen"), "-addr", aim.address, "-corpus", f"{CORPUS / load.corpus}.bin",
        "-d", f"{measured}s", "-warm", f"{warm}s", "-c", str(load.in_flight),
        "-conns", str(load.connections), "-rate", str(load.rate), "-end", str(end),
        "-offset", str(start), "-pids", ",".join(map(str, aim.groups)),
        *(["-http"] if load.through_envoy else []), *([] if aim.does_work else ["-noverify"]),
    ]  # fmt: skip
    found = _generator(command, GENERATOR_CORE, measured + warm + SLACK_SECONDS)
    if not found["calls"]:
        raise Failed(found["first_error"] or "no call was left to measure")
    return counted(load, found)


def counted(load: Load, found: Found) -> Found:
    """Give *found* with what a first pass had no time for as lost: half a pass is other work."""
    if not load.first_pass:
        return found
    return {**found, "lost": load.first_pass - found["calls"] - found["errors"]}


def calibration() -> Found:
    """Give what fixed work costs on the servers' core at this moment, in microseconds."""
    return _generator([str(BINARIES / "loadgen"), "-calibrate"], SERVER_CORE, SLACK_SECONDS)


def _generator(command: Sequence[str], core: str, timeout: float) -> Found:
    done = subprocess.run(
        ["taskset", "--cpu-list", core, *command],
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Failed(done.stderr[-500:])
    found: Found = json.loads(done.stdout)
    return found
