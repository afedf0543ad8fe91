"""Fixtures of the whole suite."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from authz.telemetry.logs import open_log
from examples.idp.provider import Provider
from tests.support.direct import KeptRecords
from tests.support.edge import Edge, running_edge
from tests.support.idp import running_provider
from tests.support.secrecy import nothing_secret_was_written, pytest_runtest_makereport
from tests.support.worlds import load_world, prepare_home

__all__ = ["nothing_secret_was_written", "pytest_runtest_makereport"]
"""Taken by pytest: no test passes that tells a secret."""

settings.register_profile("everyday", max_examples=200, deadline=None, derandomize=True)
settings.register_profile("long", max_examples=10_000, deadline=None)
settings.register_profile("few", max_examples=20, deadline=None, database=None, derandomize=True)
settings.load_profile(os.environ.get("NARROWGATE_LAWS", "everyday"))
"""How hard the laws are tried; `NARROWGATE_LAWS=long` is for a night, `few` for `make sabotage`."""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worked world in a folder of its own, with keys."""
    return prepare_home(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def decision_point(home: Path) -> DecisionPoint:
    """The worked world behind a server without sockets."""
    world, keys = load_world(home)
    return DecisionPoint(CurrentWorld(world, keys), KeptRecords(), open_log("error"))


@pytest.fixture(scope="session")
def edge(decision_point: DecisionPoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """The worked world behind a real Envoy: what stands between a test and an upstream."""
    with running_edge(decision_point, tmp_path_factory.mktemp("edge")) as running:
        yield running


@pytest.fixture(scope="session")
def one_provider() -> Iterator[Provider]:
    """The one OpenID provider of this run; tests take `idp`."""
    with running_provider() as running:
        yield running


@pytest.fixture
def idp(one_provider: Provider) -> Iterator[Provider]:
    """A real OpenID provider without faults, and with one key for each algorithm."""
    yield one_provider
    one_provider.control("mend")
    for algorithm in ("ES256", "RS256", "EdDSA"):
        one_provider.control("rotate", alg=algorithm, step="retire")
    one_provider.control("seen")
