"""`steps.public`: what is answered to nobody in particular is one plain reading, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from authz.directory.compiled import TargetKind
from authz.model.instant import Instant
from authz.model.outcome import NO_ANSWERS, Answered, Facts
from authz.refusals.metadata import metadata_paths
from authz.server.decision_point import DecisionPoint
from authz.steps.given import Given, Route
from authz.steps.public import answer_public
from authz.wire.check import unread_call
from tests.support.values import replace

ROWS: dict[str, tuple[dict[str, Any], TargetKind, bool]] = {
    "a plain reading": ({}, TargetKind.MCP_SERVER, True),
    "with bytes": ({"body": b"x"}, TargetKind.MCP_SERVER, False),
    "with bytes that Envoy kept": ({"size": 1}, TargetKind.MCP_SERVER, False),
    "with another method": ({"method": "POST"}, TargetKind.MCP_SERVER, False),
    "at another path": ({"path": "/mcp"}, TargetKind.MCP_SERVER, False),
    "at another host": ({"host": "other.example"}, TargetKind.MCP_SERVER, False),
    "of an agent": ({}, TargetKind.AGENT, False),
}


@pytest.mark.parametrize(("change", "kind", "is_public"), ROWS.values(), ids=ROWS)
def test_metadata(
    change: dict[str, Any], kind: TargetKind, is_public: object, decision_point: DecisionPoint
) -> None:
    """Metadata is answered for a GET without a body, at its path and host, for MCP servers."""
    world = decision_point.world
    server = world.directory.targets["tools/docs"]
    target = replace(server, kind=kind)
    call = replace(
        unread_call("out", decision="d", new_trace="t"),
        method="GET",
        path=min(metadata_paths(server)),
        host="docs.tools.svc.cluster.local",
    )
    given = Given(replace(call, **change), world, Instant(1), NO_ANSWERS)
    answer = answer_public(given, Facts(given.call, Route(target)))

    assert isinstance(answer, Answered) is is_public
