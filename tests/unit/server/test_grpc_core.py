"""`authz.server`: gRPC's core is told how to read sockets before it is loaded, or never."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from authz.server import EXPERIMENTS

WHEN_LOADED = """
import os, sys
class Look:
    def find_spec(self, name, path=None, target=None):
        if name == "grpc":
            print(os.environ.get("GRPC_EXPERIMENTS"))
sys.meta_path.insert(0, Look())
import authz.app
"""


@pytest.mark.parametrize(("said", "counts"), [(None, EXPERIMENTS), ("event_engine_fork", None)])
def test_told_in_time(said: str | None, counts: str | None) -> None:
    """It is told when the gate loads it; who starts the gate may tell it something else."""
    environment = {name: value for name, value in os.environ.items() if name != "GRPC_EXPERIMENTS"}
    if said is not None:
        environment["GRPC_EXPERIMENTS"] = said

    loading = [sys.executable, "-c", WHEN_LOADED]
    told = subprocess.run(loading, env=environment, capture_output=True, text=True, check=True)

    assert told.stdout.split() == [counts or said]
