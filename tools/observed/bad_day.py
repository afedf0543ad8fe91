"""Six sound hours and twenty bad minutes, as one gate would show them: each alert must see both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from authz.telemetry.counts import Now, Seen, Totals
from authz.telemetry.metrics import Metrics
from authz.telemetry.names import DURATION_BOUNDS
from tools.observed.engine import Scrape

MINUTE = 60
START = 1_790_000_000
SOUND, BAD = 362, 20
"""Minutes of each."""

STEP = 2
DAY = 86_400

NOW = Now(
    "1" * 16,
    START,
    in_hand=2,
    places=256,
    signing_since=START - DAY,
    failing={},
    issuers={"corp": (1, START + DAY)},
)


def sound_day() -> list[Scrape]:
    """Give the hours when all was well."""
    return [_scrape(minute, _seen(minute)) for minute in range(0, SOUND, STEP)]


def bad_day() -> list[Scrape]:
    """Give the same hours, and the minutes when nothing was well."""
    return [*sound_day(), *_bad()]


def _bad() -> Iterator[Scrape]:
    for minute in range(SOUND, SOUND + BAD, STEP):
        yield _scrape(minute, _worse(minute, minute - SOUND))


def _seen(minute: int) -> Seen:
    checks = {"allow": 600 * minute, "no_permit": minute, "overloaded": 0, "fault": 0}
    quick = [0] * (len(DURATION_BOUNDS) + 1)
    quick[3] = 601 * minute
    totals = Totals(checks=checks, durations=quick, microseconds=601_000 * minute)
    moment = START + minute * MINUTE
    return Seen(totals, [NOW], ready=1, restarts=0, moment=moment)


def _worse(minute: int, for_minutes: int) -> Seen:
    before = _seen(minute)
    more = {"no_permit": 60, "overloaded": 60, "fault": 60}
    checks = {
        reason: count + more.get(reason, 0) * for_minutes
        for reason, count in before.totals.checks.items()
    }
    slow = list(before.totals.durations)
    slow[-2] += 600 * for_minutes
    now = replace(
        NOW,
        in_hand=250,
        records_failing=1,
        signing_since=START - 100 * DAY,
        failing={"world": START},
        issuers={"corp": (0, before.moment + MINUTE)},
    )
    return replace(
        before,
        totals=replace(before.totals, checks=checks, durations=slow),
        now=[now, replace(now, world="2" * 16)],
        ready=0,
        restarts=for_minutes,
    )


def _scrape(minute: int, seen: Seen) -> Scrape:
    return Scrape(START + minute * MINUTE, "narrowgate", Metrics(lambda: seen).text().decode())
