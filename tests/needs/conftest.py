"""Fixtures: a server whose needs are answered by a fake at the port."""

from __future__ import annotations

import pytest

from authz.server.decision_point import DecisionPoint
from tests.needs.asking import Answerer, Asking, answered_by, asking
from tests.support.worlds import prepare_home


@pytest.fixture(scope="session")
def fetching(
    tmp_path_factory: pytest.TempPathFactory, decision_point: DecisionPoint
) -> DecisionPoint:
    """A server in a world of its own, where corp's keys are fetched."""
    return asking(prepare_home(tmp_path_factory.mktemp("fetching")), decision_point, Answerer())


@pytest.fixture
def ask(fetching: DecisionPoint) -> Asking:
    """Give what gives a server that asks the given answerer."""
    return lambda answerer: answered_by(fetching, answerer)
