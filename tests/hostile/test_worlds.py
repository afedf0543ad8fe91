"""Worlds that say too little: what is left out means the least."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from tests.support.cases import case_named
from tests.support.direct import decide_case
from tests.support.values import replace
from tests.support.worlds import load_world, prepare_home


def _edit(home: Path, name: str, old: str, new: str) -> None:
    path = home / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _no_policies(home: Path) -> None:
    for path in (home / "policies").rglob("*.cedar"):
        path.unlink()


def _no_grants(home: Path) -> None:
    (home / "policies/global/grants.cedar").unlink()


def _no_callers(home: Path) -> None:
    _edit(home, "directory/ns/tools/docs.yaml", '  callers: ["research/*", "reports/*"]\n', "")


def _no_tools_listed(home: Path) -> None:
    listed = (
        ", tools: [search, read_page, annotate, label, delete_page, status, suggest, fetch, digest]"
    )
    _edit(home, "directory/ns/research/agents.yaml", listed, "")


def _no_agent_scopes(home: Path) -> None:
    scopes = (
        '  scopes: ["docs:read", "docs:write", "docs:status", "web:fetch", "reports:write",'
        ' "reports:publish", "search:query"]\n'
    )
    _edit(home, "directory/ns/research/agents.yaml", scopes, "")


def _no_lifecycle(home: Path) -> None:
    _edit(home, "directory/ns/research/agents.yaml", "  lifecycle: active\n", "")


def _no_max_scopes(home: Path) -> None:
    scopes = (
        '  maxScopes: ["docs:read", "docs:write", "docs:status", "web:fetch", "reports:write",'
        ' "reports:publish", "search:query"]\n'
    )
    _edit(home, "directory/global/cells.yaml", scopes, "")


def _no_may_assert(home: Path) -> None:
    asserted = (
        "  mayAssert:\n    groups: [researchers, reporters, finance]\n"
        '    scopes: ["docs:*", "reports:*", "payments:*", "web:fetch"]\n'
    )
    _edit(home, "directory/global/issuers.yaml", asserted, "")
    # Policies that name a group which nobody may assert do not load.
    shutil.rmtree(home / "policies/ns")


def _no_read_only(home: Path) -> None:
    _edit(
        home,
        "directory/ns/tools/docs.yaml",
        'search: {action: read, scopes: ["docs:read"], readOnly: true, ',
        'search: {action: read, scopes: ["docs:read"], ',
    )


def _no_input(home: Path) -> None:
    _edit(
        home, "directory/ns/tools/docs.yaml", "input: {$file: docs.tools.json#/search}, rec", "rec"
    )


LEFT_OUT = {
    _no_policies: "no_permit",
    _no_grants: "no_permit",
    _no_callers: "connection_undeclared",
    _no_tools_listed: "operation_undeclared",
    _no_agent_scopes: "agent_lacks_scope",
    _no_lifecycle: "suspended",
    _no_max_scopes: "agent_lacks_scope",
    _no_may_assert: "user_lacks_scope",
    _no_read_only: "no_permit",
    _no_input: "forbidden",
}


@pytest.mark.parametrize(
    ("leave_out", "reason"), LEFT_OUT.items(), ids=lambda value: getattr(value, "__name__", value)
)
def test_left_out_means_the_least(
    leave_out: Callable[[Path], None], reason: str, decision_point: DecisionPoint, tmp_path: Path
) -> None:
    """The allowed search is refused for this reason once this one thing is left out."""
    home = prepare_home(tmp_path)
    leave_out(home)
    world, keys = load_world(home)
    decided = decide_case(
        case_named("search-allowed"), replace(decision_point, worlds=CurrentWorld(world, keys))
    )

    assert decided.record["reason"] == reason
    assert decided.response.status.code != 0
