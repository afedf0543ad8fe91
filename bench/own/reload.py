"""The longest that a request waits while a world is replaced by a changed one."""

from __future__ import annotations

import gc
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import grpc

from authz._proto.external_auth_pb2 import CheckRequest
from authz._proto.external_auth_pb2_grpc import AuthorizationStub
from bench.own.checks import check, message
from bench.own.serving import Served, serving
from bench.own.subject import Setting
from bench.own.tables import Cell, Table
from bench.own.worlds import LARGE, Size, write_world

RELOADS = 3
STEADY_SECONDS = 5.0
CHANGED = "policies/global/guardrails.cedar"
PAUSE = 0.002
"""Seconds between an answer and the next request: there is no load but this one caller."""

CALL_SECONDS = 60.0

NOTE = """One caller over gRPC, without a token, so that its time does not run out; it and the
process that validates share the cores with the gate. s: of the reload, from the change of a
file until it is in force. Target: no request waits more than 20 ms longer than in peace."""


def run(setting: Setting) -> Sequence[Table]:
    """Ask one Check after another, in peace and while the world is replaced."""
    rows: list[tuple[Cell, ...]] = []
    sizes = {"200 tools, 50 agents, 50 policies": Size()}
    if not setting.is_quick:
        sizes["1,000 tools, 10,000 agents, 1,000 policies"] = LARGE
    for at, (name, size) in enumerate(sizes.items()):
        home = write_world(setting.folder / f"world-{at}", size)
        setting.say(f"{name}: start")
        with serving(home) as served:
            rows += _rows(name, served, setting)
    columns = ("world", "while", "requests", "median, ms", "99 %, ms", "longest, ms", "s")
    return [Table("Requests while a world is replaced", columns, rows, [NOTE])]


def _rows(name: str, served: Served, setting: Setting) -> list[tuple[Cell, ...]]:
    with grpc.insecure_channel(f"unix:{served.socket}") as channel:
        caller = _Caller(channel)
        setting.say(f"{name}: in peace")
        rows: list[tuple[Cell, ...]] = [
            (name, "in peace", *caller.during(lambda: time.sleep(STEADY_SECONDS)))
        ]
        for number in range(1, RELOADS + 1):
            setting.say(f"{name}: reload {number}")
            told = caller.during(partial(_reload, served, number))
            rows.append((name, f"reload {number}", *told))
    return rows


def _reload(served: Served, number: int) -> None:
    """Change a policy, and wait until it is in force."""
    path = Path(served.home, CHANGED)
    path.write_text(f"{path.read_text(encoding='utf-8')}// {number}\n", encoding="utf-8")
    served.wait_for("reloaded", number)


class _Caller:
    """Asks the same Check again and again, for as long as something else takes."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = AuthorizationStub(channel)  # type: ignore[no-untyped-call]
        self._request = CheckRequest.FromString(check(message("ping"), None))

    def during(self, work: Callable[[], object]) -> tuple[float, float, float, float, float]:
        """Give requests, median, 99th percentile and longest (ms), and the seconds of *work*."""
        waits: list[float] = []
        is_over = threading.Event()
        asking = threading.Thread(target=self._ask, args=(waits, is_over))
        gc.disable()
        started = time.monotonic()
        asking.start()
        try:
            work()
        finally:
            spent = time.monotonic() - started
            is_over.set()
            asking.join()
            gc.enable()
        cuts = statistics.quantiles(waits, n=100, method="inclusive")
        return len(waits), cuts[49], cuts[98], max(waits), spent

    def _ask(self, waits: list[float], is_over: threading.Event) -> None:
        while not is_over.wait(PAUSE):
            started = time.perf_counter_ns()
            self._stub.Check(self._request, timeout=CALL_SECONDS)
            waits.append((time.perf_counter_ns() - started) / 1_000_000)
