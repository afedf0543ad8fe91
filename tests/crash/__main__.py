"""Kill the gate under load and compare Envoy's access log with the decision log.

    python -m tests.crash [--workers 2] [ROUNDS [LEVEL…]]

Levels `durable` and `written` promise that a record is at least with the kernel
before its answer leaves. So every decision id that Envoy saw, with an allow or a
refusal, must be in the record, whenever the gate was killed. Level `queued` may
lose what was in its queue, and no more. 16 calls are kept in flight. Of several
workers all are killed, and the process that would renew them before.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from authz.audit.queued import QUEUE
from authz.directory.compiled import RecordLevel
from authz.model.instant import Instant
from examples.edge.certificates import Authority
from examples.edge.envoy import Place, running_envoy
from tests.support.cases import Case, case_at
from tests.support.clients import Door, Response, send_http1
from tests.support.edge import headers_of
from tests.support.envoy import opened_configuration
from tests.support.served import ANY_PORT, Served, serving
from tests.support.upstream import Upstream
from tests.support.waiting import wait_until
from tests.support.workers import TWO, sockets_of, with_workers
from tests.support.worlds import prepare_home

IN_FLIGHT = 16
ANSWERS_BEFORE_KILL = 1000
LOAD_SECONDS = 300
"""For which a busy machine may take to give so many."""
MAY_BE_LOST = {RecordLevel.DURABLE: 0, RecordLevel.WRITTEN: 0, RecordLevel.QUEUED: QUEUE}
EVERY_ANSWER = (RecordLevel.DURABLE, RecordLevel.WRITTEN)
DECLARED = "level: written"
CALLS = ("search-allowed", "tool-not-on-list", "path-outside", "session-without-user")


@dataclass(frozen=True)
class Round:
    """What one kill left behind."""

    answered: int
    """Requests that a client got any answer to."""

    cut_off: int
    """Those of them that Envoy answered with 503, because the gate was gone."""

    seen_by_envoy: frozenset[str]
    recorded: frozenset[str]

    @property
    def lost(self) -> frozenset[str]:
        """Decisions that left without a record."""
        return self.seen_by_envoy - self.recorded


def kill_once(folder: Path, level: RecordLevel, workers: int) -> Round:
    """Run the world under load with that *level* of records, kill it, and collect both logs."""
    home = prepare_home(folder)
    gate = home / "directory/global/gate.yaml"
    text = gate.read_text()
    assert DECLARED in text
    gate.write_text(text.replace(DECLARED, f"level: {level}"))
    cases = [case_at(name, Instant(int(time.time()))) for name in CALLS]
    authority = Authority(folder / "pki")
    options = ANY_PORT if workers == 1 else TWO
    with Upstream() as upstream, serving(home, folder / "gate.log", options) as served:
        place = Place(folder / "envoy", authority, served.socket, upstream.port)
        targets = sorted({case.target for case in cases if case.target})
        bootstrap = opened_configuration(place, targets)
        if workers > 1:
            bootstrap = with_workers(bootstrap, sockets_of(served))
        with running_envoy(place, bootstrap) as port:
            door = Door(port, authority.roots, authority.issue("agent", cases[0].principal))
            answers = _load_until_killed(served, door, cases)
        return Round(
            answered=len(answers),
            cut_off=sum(map(_is_cut_off, answers)),
            seen_by_envoy=frozenset(_decisions(place.access_log)),
            recorded=frozenset(row["decision"] for row in served.whole_records),
        )


def _is_cut_off(answer: Response) -> bool:
    return answer.status == 503 and "x-narrowgate-decision" not in answer.headers


def _load_until_killed(served: Served, door: Door, cases: list[Case]) -> list[Response]:
    answers: list[Response] = []
    is_over = threading.Event()

    def keep_calling(number: int) -> None:
        case = cases[number % len(cases)]
        while not is_over.is_set():
            answers.append(send_http1(door, case.method, case.path, headers_of(case), case.body))

    with _threads(keep_calling, is_over):
        wait_until(lambda: len(answers) >= ANSWERS_BEFORE_KILL, limit=LOAD_SECONDS)
        workers = served.wait_ready().get("workers", ())
        served.process.kill()
        for each in workers:
            # It may have gone by itself: none outlives who would renew it.
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        served.process.wait()
        enough = len(answers) + IN_FLIGHT
        wait_until(lambda: len(answers) >= enough)
    return answers


@contextmanager
def _threads(work: Callable[[int], None], is_over: threading.Event) -> Iterator[None]:
    """Keep calls in flight until the block ends; what a thread raises is raised here."""
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        futures = [pool.submit(work, number) for number in range(IN_FLIGHT)]
        try:
            yield
        finally:
            is_over.set()
        for future in futures:
            future.result()


def _decisions(access_log: Path) -> Iterator[str]:
    for line in access_log.read_text().splitlines():
        row = json.loads(line)
        yield from filter(None, (row["allowed"], row["refused"]))


def main() -> int:
    """Kill as often as asked; the exit code says whether more was lost than the level allows."""
    options = _parser().parse_args()
    lost = 0
    for level, number in product(options.levels or EVERY_ANSWER, range(1, options.rounds + 1)):
        with tempfile.TemporaryDirectory() as folder:
            went = kill_once(Path(folder), level, options.workers)
        lost += max(0, len(went.lost) - options.workers * MAY_BE_LOST[level])
        print(
            f"{level}, kill {number}: {went.answered} answers, {went.cut_off} of them after it;"
            f" {len(went.seen_by_envoy)} decisions in Envoy's log, {len(went.lost)} without record"
        )
        if not went.seen_by_envoy or not went.cut_off:
            print("the gate was not killed under load: nothing is shown")
            return 1
    return 1 if lost else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash",
        description="Kill the gate under load; no answered decision may lack its record.",
    )
    parser.add_argument("rounds", nargs="?", type=int, default=3, help="kills a level")
    parser.add_argument("levels", nargs="*", type=RecordLevel, help="of records")
    parser.add_argument("--workers", type=int, choices=(1, 2), default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
