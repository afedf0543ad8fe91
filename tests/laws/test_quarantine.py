"""A world with a tool that clashes decides every other call as the world without that tool does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given

from authz._proto.external_auth_pb2 import CheckRequest
from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from authz.telemetry.logs import open_log
from tests.laws.checks import checks
from tests.laws.elsewhere import comparable, record_of
from tests.support.cases import Case, all_cases
from tests.support.direct import KeptRecords, decide_case
from tests.support.worlds import load_world

IMPORTER = "directory/ns/tools/importer.yaml"
CLASHING = "import_pages"
CASES = [case for case in all_cases() if case.target != "tools/importer"]


@pytest.fixture(scope="module")
def without(home: Path, tmp_path_factory: pytest.TempPathFactory) -> DecisionPoint:
    """Give the worked world as if nobody had declared the tool."""
    other = tmp_path_factory.mktemp("without") / "home"
    shutil.copytree(home, other)
    kept = (other / IMPORTER).read_text().split(f"    {CLASHING}:")[0]
    (other / IMPORTER).write_text(
        kept + '    list_formats: {action: read, scopes: ["docs:read"]}\n'
    )
    world, keys = load_world(other)
    assert not world.policies.quarantined
    return DecisionPoint(CurrentWorld(world, keys), KeptRecords(), open_log("error"))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_of_every_case(case: Case, decision_point: DecisionPoint, without: DecisionPoint) -> None:
    """Each case of every other tool is recorded the same in both worlds."""
    records = [decide_case(case, each).record for each in (decision_point, without)]

    here, there = (comparable({**record, "world": ""}) for record in records)
    assert here == there


@given(checks())
def test_of_any_check(
    decision_point: DecisionPoint, without: DecisionPoint, request: CheckRequest
) -> None:
    """Anything at all that is asked of the other tools is recorded the same in both worlds."""
    sent = request.SerializeToString()
    records = [record_of(sent, each) for each in (decision_point, without)]

    here, there = (comparable({**record, "world": ""}) for record in records)
    assert here == there
