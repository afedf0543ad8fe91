"""The names of all metrics, with what each counts. Labels are closed lists or names of ours.

OpenTelemetry's names; Prometheus shows `narrowgate.checks` as `narrowgate_checks_total`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that is told to whoever asks for metrics."""

    name: str
    unit: str
    help: str


CHECKS = Metric("narrowgate.checks", "", "Checks answered, by verdict and reason")
STAGE_SECONDS = Metric(
    "narrowgate.stage", "s", "Time spent in a stage of decisions that came so far"
)
STAGE_RUNS = Metric("narrowgate.stage.runs", "", "Decisions that came through a stage")
MEMO_HITS = Metric("narrowgate.memo.hits", "", "Look-ups that a memo answered")
MEMO_MISSES = Metric("narrowgate.memo.misses", "", "Look-ups that had to be worked out")
MEMO_SIZE = Metric("narrowgate.memo.size", "", "Values that a memo holds now")
RECORDS_WAITING = Metric("narrowgate.records.waiting", "", "Records that are not in the file yet")
IN_HAND = Metric("narrowgate.checks.in.hand", "", "Checks that are taken on and not answered yet")
WORLD_AGE = Metric(
    "narrowgate.world.age", "s", "Time since the oldest world in force came into force"
)
WORLD = Metric("narrowgate.world", "", "Processes that decide in a world, by its version")
READY = Metric("narrowgate.workers.ready", "", "Processes that Checks should be sent to")
RESTARTS = Metric("narrowgate.worker.restarts", "", "Processes that ended and were replaced")

STAGES = ("read", "decide", "wait", "sign")
"""Of a decision, as its record names them."""
