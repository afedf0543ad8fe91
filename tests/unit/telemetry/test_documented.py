"""What is documented of metrics and spans, and asked by dashboard and alerts, is what there is."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from authz.telemetry import names
from authz.telemetry.counts import Counts, Seen
from authz.telemetry.metrics import Metrics
from tools.observed.bad_day import NOW
from tools.observed.files import ALERTS, METRIC, alerts, panels

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "telemetry.md").read_text()


def _shown() -> dict[str, tuple[str, set[str], set[str]]]:
    """Give of each metric, by Prometheus's name: its kind, its samples and its labels."""
    totals = replace(Counts().totals(()), memos={"tokens": (0, 0, 0)})
    seen = Seen(totals, [NOW], ready=1, restarts=0, moment=NOW.since + 60)
    return {
        family.name: (
            family.type,
            {sample.name for sample in family.samples},
            {label for sample in family.samples for label in sample.labels} - {"le"},
        )
        for family in text_string_to_metric_families(Metrics(lambda: seen).text().decode())
    }


def _rows() -> list[str]:
    shown = _shown()
    rows = []
    for metric in (each for each in vars(names).values() if isinstance(each, names.Metric)):
        plain = metric.name.replace(".", "_") + ("_seconds" if metric.unit == "s" else "")
        kind, _, labels = shown[plain]
        suffix = "_total" if kind == "counter" else ""
        braces = f"{{{','.join(sorted(labels))}}}" if labels else ""
        note = " (a histogram)" if kind == "histogram" else ""
        rows.append(f"| `{metric.name}` | `{plain}{suffix}{braces}`{note} | {metric.help} |")
    return rows


def test_every_metric_is_documented() -> None:
    """The table has a row for each metric, in the words of its help, and no other."""
    begin, end = TEXT.index("<!-- metrics"), TEXT.index("<!-- end of metrics")
    table = [line for line in TEXT[begin:end].splitlines() if line.startswith("| `")]

    assert table == _rows(), "\n".join(["the table should be:", *_rows()])


def test_every_attribute_is_documented() -> None:
    """The table names each attribute of a span, and no other."""
    begin, end = TEXT.index("<!-- attributes"), TEXT.index("<!-- end of attributes")
    told = set(re.findall(r"`(narrowgate\.[a-z]+)", TEXT[begin:end]))
    known = {value for value in vars(names).values() if isinstance(value, str)}

    assert told == {each for each in known if each.startswith("narrowgate.")} - {
        names.CHECK_SPAN,
        names.WAIT_SPAN,
    }


@pytest.mark.parametrize("asked", [*panels(), *alerts()], ids=lambda each: each.name)
def test_dashboard_and_alerts_ask_for_what_there_is(asked: tuple[str, str]) -> None:
    """Each metric of ours that an expression names is shown, under that very name."""
    samples = {sample for _, found, _ in _shown().values() for sample in found}
    named = set(METRIC.findall(asked[1])) - {"narrowgate"}

    assert named <= samples
    assert named or "envoy_" in asked[1]


def test_every_alert_is_documented() -> None:
    """Each alert has its row, with what to do."""
    told = set(re.findall(r"`(Narrowgate[A-Za-z]+)`", TEXT[TEXT.index("| alert |") :]))

    assert told == set(re.findall(r"alert: (\w+)", ALERTS.read_text()))
