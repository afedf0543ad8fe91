"""Twice as many calls as one worker can answer, through a real Envoy.

    python -m bench.overload [--seconds S]

The most that it answers is found with 32 calls in flight; then calls come at once
and at twice that rate, whatever becomes of them. Where the machine has other work
as well, `of_peak_by_cpu` is the figure: calls let through for each second of a
processor that the gate had, against the same with 32 in flight. With the breakers of
`envoy/agents.yaml` Envoy refuses what is too much; with Envoy's own, which are
wider than the gate's bound, the gate does. The gate has one core, Envoy and the
caller share another.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authz.model.instant import Instant
from bench.overload.calling import Caller, End, Tally, request_bytes
from examples.edge.certificates import Authority
from examples.edge.envoy import NOBODY, Place, running_envoy
from tests.support.cases import case_at
from tests.support.clients import Door
from tests.support.edge import headers_of
from tests.support.envoy import opened_configuration
from tests.support.served import serving
from tests.support.worlds import prepare_home

IN_FLIGHT = 32
LOADS = (1.0, 2.0)
RESULTS = Path(__file__).parent.parent / "results" / "overload.json"
CASE = "search-allowed"


def measure(folder: Path, seconds: float, *, breakers: bool) -> list[dict[str, Any]]:
    """Measure one gate behind one Envoy, with or without the *breakers* of the example."""
    case = case_at(CASE, Instant(int(time.time())))
    authority = Authority(folder / "pki")
    with serving(prepare_home(folder), folder / "gate.log") as served:
        place = Place(folder / "envoy", authority, served.socket, NOBODY)
        bootstrap = opened_configuration(place, [str(case.target)])
        _answer_directly(bootstrap)
        if not breakers:
            (gate,) = (each for each in _clusters(bootstrap) if each["name"] == "narrowgate")
            del gate["circuit_breakers"]
        with running_envoy(place, bootstrap) as port:
            _pin(served.process.pid)
            door = Door(port, authority.roots, authority.issue("agent", case.principal))
            request = request_bytes(case.method, case.path, headers_of(case), case.body)
            caller = Caller(door, request)
            return asyncio.run(_phases(caller, seconds, served.process.pid))


@dataclass(frozen=True)
class Phase:
    """What one load came to."""

    load: str
    tally: Tally
    gate_seconds: float
    """Of a processor, that the gate had meanwhile."""

    @property
    def answered(self) -> float:
        """Calls that were let through for each second of a processor that the gate had."""
        return len(self.tally.took[End.ALLOWED]) / self.gate_seconds


async def _phases(caller: Caller, seconds: float, gate: int) -> list[dict[str, Any]]:
    async def phase(load: str, calls: Awaitable[Tally]) -> Phase:
        before = _processor_seconds(gate)
        tally = await calls
        return Phase(load, tally, _processor_seconds(gate) - before)

    await caller.closed(seconds / 4, IN_FLIGHT)
    peak = await phase("closed", caller.closed(seconds, IN_FLIGHT))
    rows = [_row(peak, peak)]
    for load in LOADS:
        rate = load * peak.tally.rate(End.ALLOWED)
        rows.append(_row(await phase(f"{load:g} x", caller.open(seconds, rate)), peak))
    return rows


def _processor_seconds(process: int) -> float:
    _, _, rest = Path(f"/proc/{process}/stat").read_text().rpartition(")")
    user, system = rest.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _row(phase: Phase, peak: Phase) -> dict[str, Any]:
    tally = phase.tally
    return {
        "load": phase.load,
        "goodput": round(tally.rate(End.ALLOWED)),
        "of_peak": round(tally.rate(End.ALLOWED) / peak.tally.rate(End.ALLOWED), 2),
        "of_peak_by_cpu": round(phase.answered / peak.answered, 2),
        "gate_busy": round(phase.gate_seconds / tally.seconds, 2),
        "p50_ms": tally.milliseconds(End.ALLOWED, 0.5),
        "p99_ms": tally.milliseconds(End.ALLOWED, 0.99),
        "gate_refused": round(tally.rate(End.GATE)),
        "gate_refused_p99_ms": tally.milliseconds(End.GATE, 0.99),
        "envoy_refused": round(tally.rate(End.ENVOY)),
        "envoy_refused_p99_ms": tally.milliseconds(End.ENVOY, 0.99),
        "broken": len(tally.took[End.BROKEN]),
        "lost": tally.lost,
    }


def _answer_directly(bootstrap: dict[str, Any]) -> None:
    """Let Envoy answer what is allowed, so that no upstream is measured."""
    (chain,) = bootstrap["static_resources"]["listeners"][0]["filter_chains"]
    (host,) = chain["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]
    for route in host["routes"]:
        del route["route"]
        route["direct_response"] = {"status": 200}


def _clusters(bootstrap: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bootstrap["static_resources"]["clusters"]
    return found


def _pin(gate: int) -> None:
    """Give *gate* the first core alone, as far as it is ours to say."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        for task in Path(f"/proc/{gate}/task").iterdir():
            os.sched_setaffinity(int(task.name), cores[:1])


def main() -> None:
    """Measure with and without the example's breakers, print a table, and keep it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=8.0)
    seconds = asked.parse_args().seconds
    results: dict[str, Any] = {"load_before": os.getloadavg()[0], "cores": os.cpu_count()}
    for name, breakers in (("example's breakers", True), ("Envoy's own", False)):
        with tempfile.TemporaryDirectory() as folder:
            results[name] = measure(Path(folder), seconds, breakers=breakers)
        _print(name, results[name])
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


def _print(name: str, rows: list[dict[str, Any]]) -> None:
    print(f"\n{name}")
    names = list(rows[0])
    for cells in (names, *([str(row[each]) for each in names] for row in rows)):
        print(
            "  ".join(
                f"{cell:>{max(8, len(head))}}" for cell, head in zip(cells, names, strict=True)
            )
        )


if __name__ == "__main__":
    main()
