"""The wheel in an environment of its own: which Pythons there are, and what it answers there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import jwt

from authz._proto.external_auth_pb2 import CheckRequest, CheckResponse
from authz._proto.external_auth_pb2_grpc import AuthorizationStub

ROOT = Path(__file__).parent.parent
UV = Path(sys.executable).with_name("uv")
START_SECONDS = 60
CHECK_SECONDS = 20
_CLASSIFIER = "Programming Language :: Python :: 3."


def supported(project: Path) -> list[str]:
    """Give the versions that the classifiers of a pyproject.toml name, such as `3.11`."""
    classifiers = tomllib.loads(project.read_text())["project"]["classifiers"]
    return [each.rpartition(" ")[2] for each in classifiers if each.startswith(_CLASSIFIER)]


def interpreter(version: str) -> Path | None:
    """Find a Python of *version*: our own, in the `PATH`, or of pyenv; None if there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    folders = [
        Path(sys.base_prefix, "bin"),
        *map(Path, os.environ["PATH"].split(os.pathsep)),
        *sorted(pyenv.glob("versions/*/bin")),
    ]
    candidates = (folder / f"python{version}" for folder in folders)
    return next((each for each in candidates if _is(each, version)), None)


def _is(python: Path, version: str) -> bool:
    """Run it: what a version manager puts into the `PATH` may be an empty promise."""
    if not python.is_file():
        return False
    said = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=False,
    )
    return said.returncode == 0 and said.stdout.strip() == version


def install(python: Path, wheel: Path, folder: Path) -> Path:
    """Install *wheel*, with what is locked, into a new environment; give its `bin`."""
    subprocess.run([UV, "venv", "--quiet", "--python", python, folder], check=True)
    into = (UV, "pip", "install", "--quiet", "--python", folder / "bin/python")
    subprocess.run([*into, wheel, "--constraint", ROOT / "requirements/serve.txt"], check=True)
    return folder / "bin"


def wrong_answers(programs: Path, place: Path) -> list[str]:
    """
    Serve the world that `docs/first-policy.md` left in *place*, and send it Checks.

    Returns:
        What was answered otherwise than it must be, for people.
    """
    home, wrong = place / "world", []
    with _serving(programs, place), grpc.insecure_channel(f"unix:{home}/run/gate.sock") as channel:
        check = AuthorizationStub(channel).Check  # type: ignore[no-untyped-call]
        for token, status in ((_token(place / "corp.pem"), 0), ("", 401)):
            try:
                answer: CheckResponse = check(_call(token), timeout=CHECK_SECONDS)
            except grpc.RpcError as error:
                return [f"a Check was not answered: {error}"]
            if (got := int(answer.denied_response.status.code)) != status:
                wrong.append(f"a Check was answered with {got}, expected {status}")
    lines = (home / "records/decisions.jsonl").read_text().splitlines()
    verdicts = [json.loads(line)["verdict"] for line in lines[-2:]]
    if verdicts != ["allow", "challenge"]:
        wrong.append(f"the records say {verdicts}")
    return wrong


@contextmanager
def _serving(programs: Path, place: Path) -> Iterator[None]:
    log = place / "gate.log"
    command = (programs / "authz", "serve", "world", "--http", "127.0.0.1:0")
    with log.open("w") as written:
        process = subprocess.Popen(command, cwd=place, stderr=written)
    try:
        deadline = time.monotonic() + START_SECONDS
        while "serving" not in log.read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                raise TimeoutError(f"it does not serve:\n{log.read_text()}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def _token(pem: Path) -> str:
    now = int(time.time())
    claims = {
        "iss": "https://login.example.org",
        "aud": "https://gate.example.org",
        "sub": "alice",
        "client_id": "spiffe://example.org/ns/support/sa/helper",
        "iat": now,
        "exp": now + 60,
        "jti": "1",
        "groups": ["helpdesk"],
        "scope": "wiki:read",
    }
    headers = {"kid": "corp-1", "typ": "at+jwt"}
    return jwt.encode(claims, pem.read_bytes(), algorithm="ES256", headers=headers)


def _call(token: str) -> CheckRequest:
    """Write the Check that Envoy would send for a search by the helper."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    body["params"] = {"name": "search", "arguments": {"query": "printer"}}
    request = CheckRequest()
    attributes = request.attributes
    attributes.source.principal = "spiffe://example.org/ns/support/sa/helper"
    attributes.context_extensions["target"] = "tools/wiki"
    http = attributes.request.http
    http.id, http.method, http.path, http.host = "1", "POST", "/mcp", "wiki.tools.svc.cluster.local"
    http.headers["content-type"] = "application/json"
    if token:
        http.headers["authorization"] = f"Bearer {token}"
    http.raw_body = json.dumps(body).encode()
    http.size = len(http.raw_body)
    return request
