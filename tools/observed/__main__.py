"""Checks `observability/`: `make dashboard-check`.

    python -m tools.observed

The rules are read as promtool reads them. Each panel's expression gives a series from scrapes of
the running demo. So does each side of what an alert compares, for an alert says nothing while all
is well; and each fires on a day that was made for it, and on no hour before.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from examples.demo.children import ChildFailed
from examples.idp.installation import NotInstalled
from tools.observed.bad_day import bad_day, sound_day
from tools.observed.demo import scraped
from tools.observed.engine import Answer, NoEngine, ask, build, rule_mistakes
from tools.observed.files import ALERTS, alerts, panels


def main() -> int:
    """Say what does not hold; the exit code says whether anything does not."""
    try:
        build()
        found = [*_mistakes()]
    except (NoEngine, NotInstalled, ChildFailed) as error:
        print(error, file=sys.stderr)
        return 1
    for line in found:
        print(line)
    if found:
        return 1
    print(f"{len([*panels()])} expressions of panels and {len([*alerts()])} alerts hold")
    return 0


def _mistakes() -> Iterator[str]:
    told = rule_mistakes(ALERTS)
    if told:
        yield told
        return
    rules = [*alerts()]
    yield from _empty("in a day without trouble", ask(sound_day(), (), rules))
    for row in ask(sound_day(), rules):
        if row.series:
            yield f"{row.name} fires though all is well: {row.expr}"
    yield from _empty("when all goes wrong", ask(bad_day(), rules))
    yield from _empty("in the running demo", ask(scraped(), panels(), rules))


def _empty(when: str, answers: Iterable[Answer]) -> Iterator[str]:
    for row in answers:
        if row.error or not row.series:
            yield f"{row.name} gives nothing {when}: {row.expr} {row.error}"


if __name__ == "__main__":
    sys.exit(main())
