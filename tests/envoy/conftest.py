"""The worked world behind a real Envoy, once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from authz.server.decision_point import DecisionPoint
from tests.support.edge import Edge, running_edge


@pytest.fixture(scope="session")
def edge(decision_point: DecisionPoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """What stands between a test and an upstream."""
    with running_edge(decision_point, tmp_path_factory.mktemp("edge")) as running:
        yield running
