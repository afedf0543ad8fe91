"""Records that cannot be written: nothing is allowed, probes say so, and it ends by itself.

The disk is really full: by a limit of the process's file size, which tears
writes as a full disk does, or as a small file system where one can be mounted.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from authz._proto.external_auth_pb2 import CheckResponse
from authz._proto.external_auth_pb2_grpc import AuthorizationStub
from authz.model.instant import Instant
from tests.support.cases import case_at
from tests.support.direct import check_of
from tests.support.served import Served, serving
from tests.support.waiting import wait_until
from tests.support.worlds import prepare_home

SERVICES = ("", "envoy.service.auth.v3.Authorization")
TIMEOUT_SECONDS = 20
CALLS = ("search-allowed", "tool-not-on-list", "subject-none", "no-principal")
EARLIER = json.dumps({"decision": "earlier", "fill": "x" * 1_000})
DECISION = "x-narrowgate-decision"
DISK_BYTES = 512 * 1024
BIG_PAGE = 64 * 1024
"""Bytes; a multiple of every page."""

Outage = Callable[[Served], AbstractContextManager[None]]


@contextmanager
def file_size_limit(served: Served) -> Iterator[None]:
    """Let the process write no file beyond what the log is long, and some bytes."""
    size = _log_of(served).stat().st_size + 40
    before = resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (size, before[1]))
    yield
    resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def full_file_system(served: Served) -> Iterator[None]:
    """Fill the file system that the log is on, and what the log's last page has left."""
    log = _log_of(served)
    left = BIG_PAGE - log.stat().st_size % BIG_PAGE
    with log.open("a") as file:
        row = json.dumps({"decision": "earlier", "fill": ""})
        file.write(row.replace('""', f'"{"x" * (left - len(row) - 1)}"') + "\n")
    fill = _log_of(served).with_name("fill")
    with fill.open("wb", buffering=0) as file:
        while _is_written(file.fileno()):
            pass
    yield
    fill.unlink()


def _is_written(descriptor: int) -> bool:
    try:
        return os.write(descriptor, bytes(100)) == 100
    except OSError:
        return False


@contextmanager
def folder_gone(served: Served) -> Iterator[None]:
    """Put a file where the log's folder was; the records so far are kept aside."""
    folder = _log_of(served).parent
    aside = folder.with_name("aside")
    shutil.copytree(folder, aside)
    shutil.rmtree(folder)
    folder.touch()
    yield
    folder.unlink()


def _log_of(served: Served) -> Path:
    return served.home / "records" / "decisions.jsonl"


@contextmanager
def small_file_system(folder: Path) -> Iterator[None]:
    """Mount a file system of some kilobytes at *folder*, where that is allowed."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    can_mount = shutil.which("mount") and os.geteuid() == 0
    if not can_mount or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(params=["limit", "file system", "folder"])
def gate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Served, Outage]]:
    """A running gate, and a way to keep its records from being written for a while."""
    home = prepare_home(tmp_path)
    folder = home / "records"
    folder.mkdir()
    if request.param == "file system":
        with small_file_system(folder), serving(home, tmp_path / "gate.log") as served:
            yield served, full_file_system
        return
    if request.param == "limit":
        # The gate's own log must have room though the records have none.
        (folder / "decisions.jsonl").write_text(f"{EARLIER}\n" * 300)
    with serving(home, tmp_path / "gate.log") as served:
        yield served, file_size_limit if request.param == "limit" else folder_gone


def ask(channel: grpc.Channel, name: str) -> CheckResponse:
    """Send the Check of a case."""
    check = AuthorizationStub(channel).Check  # type: ignore[no-untyped-call]
    request = check_of(case_at(name, Instant(int(time.time()))))
    response: CheckResponse = check(request, timeout=TIMEOUT_SECONDS)
    return response


def decision_of(response: CheckResponse) -> str:
    """Give the decision id that a caller or a tool is told."""
    answer = response.ok_response if response.status.code == 0 else response.denied_response
    (found,) = (each.header.value for each in answer.headers if each.header.key == DECISION)
    return str(found)


def serves(channel: grpc.Channel) -> set[bool]:
    """Say what gRPC health checks say: of the server, and of the service."""
    check = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]
    answers = (
        check(health_pb2.HealthCheckRequest(service=name), timeout=TIMEOUT_SECONDS)
        for name in SERVICES
    )
    return {each.status == health_pb2.HealthCheckResponse.SERVING for each in answers}


def is_ready(served: Served) -> bool:
    """Say what `/readyz` says."""
    port = served.wait_ready()["http_port"]
    try:
        url = f"http://127.0.0.1:{port}/readyz"
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
            return bool(json.load(answer)["ready"])
    except urllib.error.HTTPError as error:
        return error.code != 503


def test_outage(gate: tuple[Served, Outage]) -> None:
    """No allow leaves without a record; it is told; it ends by itself; nothing is lost or torn."""
    served, outage = gate
    with grpc.insecure_channel(f"unix:{served.socket}") as channel:
        before = [ask(channel, "search-allowed")]
        assert before[0].status.code == 0
        assert serves(channel) == {True}
        assert is_ready(served)

        with outage(served):
            during = [ask(channel, name) for name in CALLS * 5]
            assert {each.denied_response.status.code for each in during} == {503}
            assert not any(each.ok_response.headers for each in during)
            assert serves(channel) == {False}
            assert not is_ready(served)

        # Nobody sends a Check meanwhile: who hears that it does not serve may not.
        wait_until(lambda: serves(channel) == {True})
        assert is_ready(served)
        after = [ask(channel, "search-allowed")]
        assert after[0].status.code == 0
    wait_until(lambda: "records_caught_up" in names_of(served))
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(TIMEOUT_SECONDS) == 0

    recorded = [row["decision"] for row in rows_of(served) if row["decision"] != "earlier"]
    assert sorted(recorded) == sorted(map(decision_of, before + during + after))
    events = [each for each in served.events if each["event"].startswith("records_")]
    assert names_of(served).count("records_unwritten") == 1
    assert (events[-1]["late"], events[-1]["lost"]) == (len(during), 0)


def names_of(served: Served) -> list[str]:
    """Give the names of what was logged."""
    return [event["event"] for event in served.events]


def rows_of(served: Served) -> list[dict[str, Any]]:
    """Give every record, also those that were kept aside; each line is whole."""
    aside = served.home / "aside" / "decisions.jsonl"
    earlier = aside.read_text().splitlines() if aside.exists() else []
    return [*map(json.loads, earlier), *served.records]
