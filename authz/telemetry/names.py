"""The names of all metrics and spans, and what each says. Labels are closed lists or our names.

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
PLACES = Metric("narrowgate.checks.places", "", "Checks that are taken on at the most")
CHECK_SECONDS = Metric(
    "narrowgate.check.duration", "s", "Time from a Check's arrival to its answer, record included"
)
RECORDS_FAILING = Metric(
    "narrowgate.records.failing", "", "Processes that cannot write records, so refuse every call"
)
WORLD_AGE = Metric(
    "narrowgate.world.age", "s", "Time since the oldest world in force came into force"
)
WORLD = Metric("narrowgate.world", "", "Processes that decide in a world, by its version")
NOT_LOADED = Metric(
    "narrowgate.not.loaded", "", "Processes where a part is not as its files say, by part"
)
KEY_AGE = Metric(
    "narrowgate.signing.key.age", "s", "Time since the signing key began to sign, if its name says"
)
ISSUER_ANSWERS = Metric(
    "narrowgate.issuer.answers", "", "1 where the issuer answered every process last, else 0"
)
ISSUER_USABLE = Metric(
    "narrowgate.issuer.usable", "s", "For how long the issuer's keys may be used without it"
)
READY = Metric("narrowgate.workers.ready", "", "Processes that Checks should be sent to")
RESTARTS = Metric("narrowgate.worker.restarts", "", "Processes that ended and were replaced")

SPANS = Metric("narrowgate.spans", "", "Spans of Checks: made, or left out as too many a second")

CHECK_SPAN = "narrowgate.check"
WAIT_SPAN = "narrowgate.wait"
"""With what it waited for behind it."""

DECISION = "narrowgate.decision"
VERDICT = "narrowgate.verdict"
REASON = "narrowgate.reason"
STEP = "narrowgate.step"
LISTENER = "narrowgate.listener"
WORLD_VERSION = "narrowgate.world"
AGENT = "narrowgate.agent"
TARGET = "narrowgate.target"
OPERATION = "narrowgate.operation"
TOOL = "narrowgate.tool"
STAGE = "narrowgate.stage"
"""With the name of the stage behind it, in seconds."""

DURATION_BOUNDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0,
)  # fmt: skip
"""Upper ends in seconds of what durations of Checks are sorted into; Envoy waits 2 s."""

STAGES = ("read", "decide", "wait", "sign")
"""Of a decision, as its record names them."""
