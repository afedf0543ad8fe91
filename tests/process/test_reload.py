"""`authz serve` while its files change: what is in force, what is said, and what goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest

from authz._proto.external_auth_pb2 import CheckResponse
from authz._proto.external_auth_pb2_grpc import AuthorizationStub
from authz.model.instant import Instant
from tests.support.cases import case_at
from tests.support.direct import check_of
from tests.support.served import Served, serving
from tests.support.volume import as_volume
from tests.support.waiting import wait_until
from tests.support.worlds import prepare_home

AGENTS = "directory/ns/research/agents.yaml"
ACTIVE = "  lifecycle: active\n  identities:\n    - spiffe"
SUSPENDED = ACTIVE.replace("active", "suspended")
STOP_SECONDS = 20


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One running gate; each test puts its files back."""
    folder = tmp_path_factory.mktemp("reload")
    with serving(prepare_home(folder), folder / "gate.log") as running:
        yield running


@pytest.fixture
def put_back(served: Served, tmp_path: Path) -> Iterator[None]:
    """Put the world back afterwards, and wait until it is in force."""
    parts = ("directory", "policies", "keys")
    for part in parts:
        shutil.copytree(served.home / part, tmp_path / part)
    before = in_force(served)
    yield
    for part in parts:
        shutil.rmtree(served.home / part, ignore_errors=True)
        shutil.copytree(tmp_path / part, served.home / part)
    wait_until(lambda: in_force(served) == before and standing(served)["failed"] == {})


def standing(served: Served) -> dict[str, Any]:
    """Give what `/readyz` says; it is an error where it is not ready."""
    port = served.wait_ready()["http_port"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=STOP_SECONDS) as answer:
        told: dict[str, Any] = json.load(answer)
        return told


def published(served: Served) -> list[str]:
    """Give the ids of the published keys."""
    port = served.wait_ready()["http_port"]
    url = f"http://127.0.0.1:{port}/.well-known/jwks.json"
    with urllib.request.urlopen(url, timeout=STOP_SECONDS) as answer:
        return [row["kid"] for row in json.load(answer)["keys"]]


def in_force(served: Served) -> tuple[str, list[str]]:
    """Give the version of the world, and the ids of the keys."""
    return standing(served)["world"], published(served)


def reason(served: Served, name: str = "search-allowed") -> str:
    """Ask, and give the reason of the record."""
    case = case_at(name, Instant(int(time.time())))
    with grpc.insecure_channel(f"unix:{served.socket}") as channel:
        check = AuthorizationStub(channel).Check  # type: ignore[no-untyped-call]
        answer: CheckResponse = check(check_of(case), timeout=STOP_SECONDS)
    record = served.records[-1]
    assert (record["reason"] == "allow") is (answer.status.code == 0)
    return str(record["reason"])


def edit(served: Served, file: str, before: str, after: str) -> None:
    """Replace the one *before* in a file."""
    path = served.home / file
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))


@pytest.mark.usefixtures("put_back")
def test_kill_by_directory(served: Served) -> None:
    """A suspension binds the caller, and the inner hop of a token that was issued before."""
    before = standing(served)["world"]
    assert [reason(served, name) for name in ("search-allowed", "two-hops")] == ["allow"] * 2
    edit(served, AGENTS, ACTIVE, SUSPENDED)
    wait_until(lambda: bool(standing(served)["world"] != before))

    assert [reason(served, name) for name in ("search-allowed", "two-hops")] == ["suspended"] * 2
    assert served.records[-1]["world"] == standing(served)["world"]


@pytest.mark.usefixtures("put_back")
def test_a_broken_edit(served: Served) -> None:
    """A broken edit is told with its place by log and probe, which stays good; all goes on."""
    before = standing(served)
    edit(served, AGENTS, ACTIVE, ACTIVE.replace("active", "suspnded"))
    wait_until(lambda: standing(served)["failed"] != {})
    told = standing(served)

    (mistake,) = told["failed"]["world"]["mistakes"]
    assert (told["ready"], told["world"], told["since"]) == (True, before["world"], before["since"])
    line = 1 + (served.home / AGENTS).read_text().partition("suspnded")[0].count("\n")
    assert (mistake["file"], mistake["line"], mistake["column"]) == (AGENTS, line, 14)
    assert reason(served) == "allow"
    # The probe knows it a moment before the log.
    wait_until(lambda: served.events[-1]["event"] == "reload_failed")
    assert f"{AGENTS}:{line}:14: error: lifecycle: expected" in served.events[-1]["what"]
    edit(served, AGENTS, ACTIVE.replace("active", "suspnded"), ACTIVE)
    wait_until(lambda: standing(served)["failed"] == {})
    wait_until(lambda: served.events[-1]["event"] == "mended")


@pytest.mark.usefixtures("put_back")
def test_a_deep_policy(served: Served) -> None:
    """A policy that is nested without end is refused, and the gate lives."""
    text = "permit (principal, action, resource) when { " + "(" * 100_000 + " };"
    (served.home / "policies/global/deep.cedar").write_text(text)
    wait_until(lambda: "world" in standing(served)["failed"])

    assert reason(served) == "allow"


@pytest.mark.usefixtures("put_back")
def test_folders_that_vanish(served: Served) -> None:
    """Without its folders the gate goes on with what it has."""
    for part in ("directory", "policies", "keys"):
        (served.home / part).rename(served.home / f"{part}.gone")
    wait_until(lambda: standing(served)["failed"].keys() == {"world", "keys"})

    assert [reason(served, name) for name in ("search-allowed", "two-hops")] == ["allow"] * 2
    for part in ("directory", "policies", "keys"):
        shutil.rmtree(served.home / f"{part}.gone")


@pytest.mark.usefixtures("put_back")
def test_a_swapped_volume(served: Served) -> None:
    """A Kubernetes volume in place of the folder is the same world; a swap of it is taken over."""
    version = standing(served)["world"]
    volume = as_volume(served.home / "directory")
    name = AGENTS.removeprefix("directory/")
    files = volume.files
    volume.write({**files, name: files[name].replace(ACTIVE.encode(), SUSPENDED.encode())})
    wait_until(lambda: bool(standing(served)["world"] != version))
    assert reason(served) == "suspended"
    volume.write(files)
    wait_until(lambda: bool(standing(served)["world"] == version))


def _children(served: Served) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{served.process.pid}/task").iterdir():
        # A thread may end meanwhile.
        with suppress(OSError):
            found.extend(map(int, (task / "children").read_text().split()))
    return found


def _validating(served: Served) -> int:
    """Wait for the process that is ready to validate, and give its number."""
    found: list[int] = []

    def is_there() -> bool:
        found[:] = _children(served)
        return len(found) == 1

    wait_until(is_there)
    return found[0]


@pytest.mark.usefixtures("put_back")
def test_validation_is_killed(served: Served) -> None:
    """Whoever kills what validates loses nothing: the next change is validated by another."""
    version = standing(served)["world"]
    before = _validating(served)
    os.kill(before, signal.SIGKILL)
    edit(served, AGENTS, ACTIVE, SUSPENDED)
    wait_until(lambda: bool(standing(served)["world"] != version))

    assert reason(served) == "suspended"
    assert before not in _children(served)


@pytest.mark.usefixtures("put_back")
def test_keys(served: Served) -> None:
    """A rotation is picked up without a restart, and so is a compromised key, at once."""

    def authz(*arguments: str) -> None:
        command = [sys.executable, "-m", "authz", "keys", "rotate", str(served.home), *arguments]
        subprocess.run(command, check=True, capture_output=True)

    authz()
    wait_until(lambda: len(published(served)) == 2)
    assert [reason(served, name) for name in ("search-allowed", "two-hops")] == ["allow"] * 2
    authz("--compromised")
    wait_until(lambda: len(published(served)) == 1)
    assert "gate-1" not in published(served)
    assert reason(served, "search-allowed") == "allow"
    assert reason(served, "two-hops") == "credential_invalid"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_stop_leaves_nobody_behind(number: signal.Signals, tmp_path: Path) -> None:
    """However the gate ends, what validates ends with it, a change under way or not."""
    with serving(prepare_home(tmp_path), tmp_path / "gate.log") as served:
        child = _validating(served)
        edit(served, AGENTS, ACTIVE, SUSPENDED)
        served.process.send_signal(number)
        code = served.process.wait(STOP_SECONDS)

    assert code == (0 if number is signal.SIGTERM else -signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{child}").exists())
