"""Fixtures of the whole suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from authz.server.decision_point import DecisionPoint
from authz.telemetry.logs import open_log
from tests.support.direct import KeptRecords
from tests.support.worlds import load_world, prepare_home


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worked world in a folder of its own, with keys."""
    return prepare_home(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def decision_point(home: Path) -> DecisionPoint:
    """The worked world behind a server without sockets."""
    world, keys = load_world(home)
    return DecisionPoint(world, keys, KeptRecords(), open_log("error"))
