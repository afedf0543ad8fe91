"""`authz status` as its users run it: what it says of a running gate, and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest

from authz._proto.external_auth_pb2 import CheckResponse
from tests.process.test_outage import ask
from tests.support.front import FRONT
from tests.support.served import ANY_PORT, Served, serving
from tests.support.waiting import wait_until
from tests.support.worlds import prepare_home

FINE, DEGRADED, UNREACHABLE = 0, 5, 6
WAYS = [
    ANY_PORT,
    pytest.param(
        (*ANY_PORT, "--workers", "2"),
        marks=pytest.mark.skipif(FRONT != "grpcio", reason="it serves with one process"),
    ),
]


def _status(home: Path, *options: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "authz", "status", str(home), *options],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def _ask(served: Served) -> CheckResponse:
    with grpc.insecure_channel(f"unix:{served.socket}") as channel:
        return ask(channel, "no-principal")


def _told(served: Served) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(_status(served.home, "--json")[1])
    return told


@pytest.mark.parametrize("options", WAYS)
def test_a_change_that_does_not_load(options: tuple[str, ...], tmp_path: Path) -> None:
    """Fine at first; then the mistake with its place, from each process; then fine again."""
    home = prepare_home(tmp_path)
    agents = home / "directory/ns/research/agents.yaml"
    sound = agents.read_text()
    line = sound.splitlines().index("  lifecycle: suspended") + 1
    with serving(home, tmp_path / "gate.log", options) as served:
        code, shown = _status(home)
        assert (code, "fine" in shown) == (FINE, True), shown
        (key,) = _told(served)["processes"][0]["keys"]
        assert (key["id"], key["state"]) == ("gate-1", "signing")

        agents.write_text(sound.replace("lifecycle: suspended", "lifecycle: suspnded"))
        wait_until(lambda: _all_failed(_told(served)))
        code, shown = _status(home)
        assert code == DEGRADED
        place = f"directory/ns/research/agents.yaml:{line}:14"
        assert f"world is not as its files say: {place}: error: lifecycle" in shown

        agents.write_text(sound)
        wait_until(lambda: _told(served)["fine"])
    assert {each["event"] for each in served.events} >= {"reload_failed", "mended"}


def _all_failed(told: dict[str, Any]) -> bool:
    return all("world" in each["failed"] for each in told["processes"])


def test_records_that_cannot_be_written(tmp_path: Path) -> None:
    """Where the records are not taken it says so, and counts the refusals."""
    home = prepare_home(tmp_path)
    gate = home / "directory/global/gate.yaml"
    gate.write_text(gate.read_text().replace("records/decisions.jsonl", "/dev/full"))
    with serving(home, tmp_path / "gate.log") as served:
        assert _told(served)["fine"]
        _ask(served)
        told = _told(served)

    assert "records cannot be written, so every call is refused" in told["troubles"]
    assert told["processes"][0]["records"]["taken"] is False
    assert told["processes"][0]["records"]["waiting"] == 1
    assert told["answers"] == {"fault": 1}


def test_nobody_is_there(tmp_path: Path) -> None:
    """No gate, or one that was told to be asked elsewhere, is not reached, and that is a code."""
    code, shown = _status(tmp_path)
    assert code == UNREACHABLE
    assert "is `authz serve` running with this HOME?" in shown

    home, elsewhere = prepare_home(tmp_path), tmp_path / ("deep" * 40) / "s"
    elsewhere.parent.mkdir()
    options = (*ANY_PORT, "--status", str(elsewhere))
    with serving(home, tmp_path / "gate.log", options):
        assert _status(home)[0] == UNREACHABLE
        assert _status(home, "--socket", str(elsewhere))[0] == FINE
        assert elsewhere.stat().st_mode & 0o777 == 0o600
    assert _status(home, "--socket", str(elsewhere))[0] == UNREACHABLE


def test_a_place_that_is_no_good(tmp_path: Path) -> None:
    """Where the socket cannot be, the gate serves all the same and says what to do."""
    home = prepare_home(tmp_path)
    options = (*ANY_PORT, "--status", "/proc/status.sock")
    with serving(home, tmp_path / "gate.log", options) as served:
        assert _ask(served).denied_response.status.code == 401
    (said,) = [each for each in served.events if each["event"] == "no_status"]

    assert said["hint"] == "use --status PATH with a place that can be written"
