"""How an operator of the mesh finds a refusal that is an HTTP 200 to everybody else."""

from __future__ import annotations

import json
from typing import Any

from examples.edge.envoy import fetch
from tests.support.cases import case_named
from tests.support.edge import Edge
from tests.support.waiting import wait_until


def test_a_refusal_in_band_is_no_success_to_envoy(edge: Edge) -> None:
    """Flag, details, header and statistic tell it from an allowed call with the same code."""
    denied, allowed = _statistic(edge, "denied"), _statistic(edge, "ok")
    refusal, seen, refused = edge.send(case_named("tool-not-on-list"))
    passage, _, passed = edge.send(case_named("search-allowed"))
    assert (refusal.status, passage.status, seen) == (200, 200, [])
    assert json.loads(refusal.body)["result"]["isError"] is True

    wait_until(lambda: len(_lines(edge, refused, passed)) == 2)
    line, other = _lines(edge, refused, passed)
    wanted = ("code", "flags", "details", "refused", "allowed")
    assert [line[each] for each in wanted] == [
        200, "UAEX", "ext_authz_denied", refused["decision"], None,
    ]  # fmt: skip
    assert [other[each] for each in wanted] == [
        200, "-", "via_upstream", None, passed["decision"],
    ]  # fmt: skip
    assert (_statistic(edge, "denied"), _statistic(edge, "ok")) == (denied + 1, allowed + 1)


def _lines(edge: Edge, *records: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the lines of the access log that name the decisions of *records*, in their order."""
    text = (edge.folder / "envoy" / "access.log").read_text()
    rows = [json.loads(line) for line in text.splitlines() if line.endswith("}")]
    named = {row["refused"] or row["allowed"]: row for row in rows}
    return [named[each["decision"]] for each in records if each["decision"] in named]


def _statistic(edge: Edge, name: str) -> int:
    admin = edge.folder / "envoy" / "admin.sock"
    told = json.loads(fetch(admin, f"/stats?filter=ext_authz.{name}$&format=json"))
    rows = {row["name"]: row["value"] for row in told["stats"] if "name" in row}
    return int(rows[f"http.agents.ext_authz.{name}"])
