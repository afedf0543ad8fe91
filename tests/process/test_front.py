"""`authz serve --front pyvoy`: here only that it starts, answers and ends; `make test-front` is
the suite that it has to pass.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import grpc
import pytest

from authz._proto.external_auth_pb2_grpc import AuthorizationStub
from tests.support.cases import case_named
from tests.support.direct import check_of
from tests.support.front import PACKAGES, with_pyvoy
from tests.support.served import start
from tests.support.worlds import prepare_home

STOP_SECONDS = 20


def test_without_pyvoy(tmp_path: Path) -> None:
    """Where it is not installed a start ends with 4 and names both ways out."""
    command = [sys.executable, "-m", "authz", "serve", str(tmp_path), "--front", "pyvoy"]
    without = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=without)

    assert ended.returncode == 4
    assert "pip install 'narrowgate[pyvoy]'" in ended.stderr
    assert "--front grpcio" in ended.stderr


@pytest.mark.skipif(not PACKAGES.exists(), reason="`make test-front` installs it")
def test_with_pyvoy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers a Check and ends with 0 at SIGTERM; nothing but its log is left of it."""
    left = tmp_path / "temporary"
    left.mkdir()
    monkeypatch.setenv("TMPDIR", str(left))
    served = start(
        prepare_home(tmp_path), tmp_path / "gate.log", ("--http", "127.0.0.1:0"), with_pyvoy()
    )
    try:
        served.wait_ready()
        with grpc.insecure_channel(f"unix:{served.socket}") as channel:
            check = AuthorizationStub(channel).Check  # type: ignore[no-untyped-call]
            answer = check(check_of(case_named("no-principal")), timeout=STOP_SECONDS)
        served.process.send_signal(signal.SIGTERM)
        code = served.process.wait(STOP_SECONDS)
    finally:
        served.process.kill()
        served.process.wait()

    assert answer.denied_response.status.code == 401
    assert code == 0
    assert [event["event"] for event in served.events][-2:] == ["stopping", "stopped"]
    assert list(left.iterdir()) == []
    assert not served.socket.exists()
