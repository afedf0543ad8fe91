"""The metrics: their names, units and what they say."""

from __future__ import annotations

from collections.abc import Iterator

from authz.telemetry import names
from authz.telemetry.names import Metric
from tools.reference.described import table

HEAD = """\
# Metrics

Their names in OpenTelemetry. Prometheus reads `_` for `.`, then the unit (`_seconds`), then
`_total` where it counts: `narrowgate.checks` is `narrowgate_checks_total`.
"""
UNITS = {"s": "seconds", "": ""}


def page() -> str:
    """Give the page."""
    return f"{HEAD}\n{table(('metric', 'unit', 'says'), _rows())}\n"


def _rows() -> Iterator[tuple[str, ...]]:
    for metric in vars(names).values():
        if isinstance(metric, Metric):
            yield f"`{metric.name}`", UNITS.get(metric.unit, metric.unit), metric.help
