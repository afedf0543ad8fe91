"""The expressions of the dashboard and of the alerts, as their files have them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tools.observed.engine import Expression
from tools.proto import ROOT

FOLDER = ROOT / "observability"
DASHBOARD = FOLDER / "dashboard.json"
ALERTS = FOLDER / "alerts.yaml"

VARIABLES = {"$__rate_interval": "1m", "$job": ".*"}
"""What Grafana fills in."""

METRIC = re.compile(r"\bnarrowgate_[a-z_]+\b")


def panels() -> Iterator[Expression]:
    """Give each expression of the dashboard, with what Grafana fills in."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            expr = target["expr"]
            for name, value in VARIABLES.items():
                expr = expr.replace(name, value)
            yield Expression(f"panel {panel['title']!r} {target['refId']}", expr)


def alerts() -> Iterator[Expression]:
    """Give the expression of each alert."""
    for rule in _rules():
        yield Expression(f"alert {rule['alert']}", rule["expr"])


def _rules() -> Iterator[Mapping[str, Any]]:
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        yield from group["rules"]
