"""`authz serve` as its users run it: start, health, stop, exit codes, and what it logs."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from authz._proto.external_auth_pb2 import CheckResponse
from authz._proto.external_auth_pb2_grpc import AuthorizationStub
from authz.model.instant import Instant
from tests.support.cases import case_at, case_named
from tests.support.direct import check_of
from tests.support.front import environment
from tests.support.ports import reserved_port
from tests.support.served import Served, serving, start
from tests.support.values import replace
from tests.support.waiting import wait_until
from tests.support.worlds import prepare_home

SERVICE = "envoy.service.auth.v3.Authorization"
STOP_SECONDS = 20


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One running gate for the tests that leave it as it is."""
    folder = tmp_path_factory.mktemp("serve")
    with serving(prepare_home(folder), folder / "gate.log") as running:
        yield running


def _channel(served: Served) -> grpc.Channel:
    return grpc.insecure_channel(f"unix:{served.socket}")


def _check(served: Served, name: str) -> CheckResponse:
    with _channel(served) as channel:
        check = AuthorizationStub(channel).Check  # type: ignore[no-untyped-call]
        response: CheckResponse = check(check_of(case_named(name)), timeout=STOP_SECONDS)
    return response


def _fetch(served: Served, path: str) -> tuple[str | None, bytes]:
    port = served.wait_ready()["http_port"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=STOP_SECONDS) as answer:
        return answer.headers["cache-control"], answer.read()


@pytest.mark.parametrize("name", ["", SERVICE])
def test_health(name: str, served: Served) -> None:
    """Health checks are answered for the service by its name, and for the server as a whole."""
    with _channel(served) as channel:
        ask = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]
        answer = ask(health_pb2.HealthCheckRequest(service=name), timeout=STOP_SECONDS)

    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection(served: Served) -> None:
    """Reflection lists Envoy's service, so that tools find it."""
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    with _channel(served) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        (answer,) = stub.ServerReflectionInfo(iter([request]), timeout=STOP_SECONDS)  # type: ignore[operator]

    assert SERVICE in [row.name for row in answer.list_services_response.service]


def test_key_set_may_be_cached(served: Served) -> None:
    """The key set is public, says how long it may be kept, and holds no private part."""
    caching, body = _fetch(served, "/.well-known/jwks.json")

    assert caching == "public, max-age=60"
    assert b'"kid":"gate-1"' in body
    assert b'"d"' not in body


def test_probes(served: Served) -> None:
    """The probes say that it lives and is ready."""
    assert _fetch(served, "/livez")[1] == b"live\n"
    told = json.loads(_fetch(served, "/readyz")[1])
    assert (told["ready"], told["failed"]) == (True, {})
    assert told["world"] == served.wait_ready()["world"]


def test_no_secret_is_logged_or_recorded(served: Served) -> None:
    """Neither the credential, nor the minted token, nor a masked argument is logged or recorded."""
    case = case_at("annotate", Instant(int(time.time())))
    masked = "page-that-nobody-else-names"
    case = replace(case, body=case.body.replace(b'"page": "p"', f'"page": "{masked}"'.encode()))
    with _channel(served) as channel:
        check = AuthorizationStub(channel).Check  # type: ignore[no-untyped-call]
        answer: CheckResponse = check(check_of(case), timeout=STOP_SECONDS)
    headers = {row.header.key: row.header.value for row in answer.ok_response.headers}
    written = served.log.read_text() + (served.home / "records/decisions.jsonl").read_text()

    assert answer.status.code == 0
    assert headers["x-narrowgate-decision"] in written
    for secret in (dict(case.headers)["authorization"], headers["authorization"]):
        assert secret.removeprefix("Bearer ") not in written
        assert secret.rpartition(".")[2] not in written
    assert masked not in written


def test_only_the_service_reads_the_records(served: Served) -> None:
    """The decision log is closed to others."""
    assert (served.home / "records/decisions.jsonl").stat().st_mode & 0o007 == 0


def test_second_gate_on_one_socket(served: Served, tmp_path: Path) -> None:
    """A second gate does not take the socket of a living one away; it says so and ends with 4."""
    second = start(served.home, tmp_path / "second.log")

    assert second.process.wait(STOP_SECONDS) == 4
    assert "another process serves this socket" in second.log.read_text()
    assert _check(served, "no-principal").denied_response.status.code == 401


def test_second_gate_on_one_port(tmp_path: Path) -> None:
    """A second gate does not share the port of a living one; it says so and ends with 4."""
    homes = [prepare_home(tmp_path / name) for name in ("first", "second")]
    with reserved_port() as port:
        for home in homes:
            gate = home / "directory/global/gate.yaml"
            mesh = f'"127.0.0.1:{port}", callers: {{mesh: a test}}'
            gate.write_text(gate.read_text().replace('"unix:run/in.sock"', mesh))
        with serving(homes[0], tmp_path / "first.log"):
            second = start(homes[1], tmp_path / "second.log")

            assert second.process.wait(STOP_SECONDS) == 4
    # gRPC writes lines of its own beside ours.
    (said,) = [line for line in second.log.read_text().splitlines() if '"cannot_start"' in line]
    assert f"127.0.0.1:{port}" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    """A signal ends it with 0, and what was under way is answered and recorded."""
    with serving(prepare_home(tmp_path), tmp_path / "gate.log") as served:
        answers: list[CheckResponse] = []
        stopped = threading.Event()

        def keep_asking() -> None:
            with _channel(served) as channel:
                check = AuthorizationStub(channel).Check  # type: ignore[no-untyped-call]
                request = check_of(case_named("no-principal"))
                while not stopped.is_set():
                    try:
                        answers.append(check(request, timeout=STOP_SECONDS))
                    except grpc.RpcError:
                        return

        asking = [threading.Thread(target=keep_asking) for _ in range(4)]
        for thread in asking:
            thread.start()
        wait_until(lambda: len(answers) >= 20)
        served.process.send_signal(number)
        code = served.process.wait(STOP_SECONDS)
        stopped.set()
        for thread in asking:
            thread.join()

    given = {
        row.header.value
        for answer in answers
        for row in answer.denied_response.headers
        if row.header.key == "x-narrowgate-decision"
    }
    assert code == 0
    assert given <= {record["decision"] for record in served.records}
    assert [event["event"] for event in served.events][-2:] == ["stopping", "stopped"]


def test_makes_its_first_key(tmp_path: Path) -> None:
    """The first start makes a signing key that only the service can read; the next one keeps it."""
    home = prepare_home(tmp_path)
    (home / "keys/gate/gate-1.pem").unlink()
    names = []
    for _ in range(2):
        with serving(home, tmp_path / "gate.log") as served:
            names.append(served.wait_ready()["signing_key"])
    (pem,) = (home / "keys/gate").glob("*.pem")

    assert names == [pem.stem, pem.stem]
    assert pem.stat().st_mode & 0o777 == 0o600


def test_full_disk(tmp_path: Path) -> None:
    """Where the decision log cannot be written, every Check is refused explicitly with 503."""
    home = prepare_home(tmp_path)
    gate = home / "directory/global/gate.yaml"
    gate.write_text(gate.read_text().replace("records/decisions.jsonl", "/dev/full"))
    with serving(home, tmp_path / "gate.log") as served:
        for name in ("no-principal", "subject-none"):
            answer = _check(served, name)

            assert answer.status.code == 14
            assert answer.denied_response.status.code == 503
            assert not answer.ok_response.headers
    faults = [event for event in served.events if event["event"] == "fault"]
    assert [fault["error"] for fault in faults] == ["RecordUnwritten"] * 2


def test_log_that_nobody_takes(tmp_path: Path) -> None:
    """A log whose reader has gone stops neither answers nor refusals of faults."""
    home = prepare_home(tmp_path)
    gate = home / "directory/global/gate.yaml"
    gate.write_text(gate.read_text().replace("records/decisions.jsonl", "/dev/full"))
    command = [sys.executable, "-m", "authz", "serve", str(home), "--http", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment()) as process:
        try:
            assert process.stderr is not None
            assert any(b'"serving"' in line for line in process.stderr)
            process.stderr.close()
            channel = grpc.insecure_channel(f"unix:{home / 'run/out.sock'}")
            with channel:
                check = AuthorizationStub(channel).Check  # type: ignore[no-untyped-call]
                request = check_of(case_named("no-principal"))
                answers = [check(request, timeout=STOP_SECONDS) for _ in range(3)]
        finally:
            process.kill()

    assert [answer.denied_response.status.code for answer in answers] == [503] * 3


def test_bytes_that_are_no_check(served: Served) -> None:
    """A message that does not parse is refused explicitly, not aborted, and recorded."""
    with _channel(served) as channel:
        check: grpc.UnaryUnaryMultiCallable[bytes, CheckResponse] = channel.unary_unary(
            f"/{SERVICE}/Check", response_deserializer=CheckResponse.FromString
        )
        answer = check(b"\xff\xff\xff", timeout=STOP_SECONDS)

    assert (answer.status.code, answer.denied_response.status.code) == (14, 503)
    assert served.records[-1]["reason"] == "fault"


@pytest.mark.parametrize("method", ["/x/Check", f"/{SERVICE}/Chec%6B", "/%ff/%fe"])
def test_methods_that_are_not_served(method: str, served: Served) -> None:
    """Any other method ends at once with an error of gRPC: what is not served decides nothing."""
    with _channel(served) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
        with pytest.raises(grpc.RpcError) as refused:
            call(b"", timeout=STOP_SECONDS)

    code = refused.value.code()
    assert code in {grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.PERMISSION_DENIED}


def test_defaults(tmp_path: Path) -> None:
    """Without any option it serves on the documented port, or says that the port is taken."""
    served = start(prepare_home(tmp_path), tmp_path / "gate.log", options=())
    ends = {"serving", "cannot_start"}
    try:
        wait_until(lambda: not ends.isdisjoint(each["event"] for each in served.events))
        event = next(each for each in served.events if each["event"] in ends)
    finally:
        served.process.kill()
        served.process.wait()

    if event["event"] == "serving":
        assert event["http_port"] == 9002
    else:
        assert "Address already in use" in event["why"]


def _code_and_log(home: Path, folder: Path) -> tuple[int, str]:
    served = start(home, folder / "gate.log")
    return served.process.wait(STOP_SECONDS), served.log.read_text()


def test_broken_world(tmp_path: Path) -> None:
    """A world that does not load ends with 3, each mistake on a line with its place."""
    home = prepare_home(tmp_path)
    agents = home / "directory/ns/research/agents.yaml"
    agents.write_text(agents.read_text().replace("lifecycle: suspended", "lifecycle: suspnded"))
    roles = home / "directory/global/roles.yaml"
    roles.write_text(roles.read_text().replace("kind: Role", "kind: Roll"))
    code, log = _code_and_log(home, tmp_path)

    assert code == 3
    assert re.search(r"directory/ns/research/agents\.yaml:\d+:14: error: lifecycle: expected", log)
    assert "did you mean 'suspended'?" in log
    assert "directory/global/roles.yaml:3:7: error" in log


def test_plain_port_does_not_start(tmp_path: Path) -> None:
    """Plain TCP without a declaration does not start, loopback included."""
    home = prepare_home(tmp_path)
    gate = home / "directory/global/gate.yaml"
    gate.write_text(gate.read_text().replace('"unix:run/out.sock"', '"127.0.0.1:9001"'))
    code, log = _code_and_log(home, tmp_path)

    assert code == 3
    assert "this port would take one from anybody" in log


def test_socket_that_everybody_reaches(tmp_path: Path) -> None:
    """A socket in a folder that others can enter does not start, and says what to do."""
    home = prepare_home(tmp_path)
    (home / "run").mkdir()
    (home / "run").chmod(0o755)
    code, log = _code_and_log(home, tmp_path)

    assert code == 4
    assert "use `chmod 750" in log


def test_signing_key_that_everybody_reads(tmp_path: Path) -> None:
    """A signing key that others can read is not used."""
    home = prepare_home(tmp_path)
    (home / "keys/gate/gate-1.pem").chmod(0o644)
    code, log = _code_and_log(home, tmp_path)

    assert code == 4
    assert "lets others read it" in log


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--help"], 0, "Narrowgate"),
        (["serve", "--help"], 0, "authz serve /etc/narrowgate"),
        (["--version"], 0, "narrowgate "),
        (["serve", "/no/such/folder"], 2, "does not exist"),
        (["serve", ".", "--log-level", "loud"], 2, "none of debug, info"),
        (["serve", ".", "--http", "nowhere"], 2, "no host:port"),
        (["sevre"], 2, "No such command"),
    ],
)
def test_command_line(arguments: list[str], code: int, says: str) -> None:
    """Help has examples, and a mistake on the command line ends with 2 and says what is wrong."""
    done = subprocess.run(
        [sys.executable, "-m", "authz", *arguments], capture_output=True, text=True, check=False
    )

    assert done.returncode == code
    assert says in done.stdout + done.stderr
