"""The worked world for steps that are taken one by one."""

from __future__ import annotations

import pytest

from authz.directory.compiled import Directory
from authz.server.decision_point import DecisionPoint


@pytest.fixture(scope="session")
def directory(decision_point: DecisionPoint) -> Directory:
    """The documents of the worked world."""
    return decision_point.world.directory
