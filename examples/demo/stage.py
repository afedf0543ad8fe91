"""Bringing up all parts of the demo, in order, and taking them down again."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from examples.demo.agent import Doors
from examples.demo.children import ChildFailed, Line, running, tells_port
from examples.demo.identity.choice import START
from examples.demo.places import (
    AGENT_IDS,
    FOLDER,
    HOME,
    LOGS,
    PKI,
    SERVICE_ID,
    SOCKET,
    TOOL_ID,
    WORLD,
)
from examples.edge.certificates import Authority
from examples.edge.envoy import Place, configuration, running_envoy

JWKS_PATH = "/.well-known/jwks.json"


@dataclass(frozen=True)
class Stage:
    """The running demo."""

    doors: Doors
    gate: int
    """The gate's TCP port for Envoys."""

    public: str
    """Where the gate's public HTTP face is."""

    @property
    def jwks_url(self) -> str:
        """Where its public keys are."""
        return self.public + JWKS_PATH

    @property
    def readiness_url(self) -> str:
        """Where it says how things stand."""
        return f"{self.public}/readyz"


@contextmanager
def staged(idp: str) -> Iterator[Stage]:
    """Run everything until the block ends, with the identity provider of that name."""
    with ExitStack() as opened:
        opened.enter_context(_alone())
        gate_port = _free_port()
        authority = _prepare(gate_port)
        provider = opened.enter_context(START[idp]())
        gate = opened.enter_context(running_gate(LOGS / "gate.log"))
        public = f"http://127.0.0.1:{gate['http_port']}"
        tool = opened.enter_context(
            running(["examples.demo.tool", public], LOGS / "tool.log", tells_port)
        )
        service = opened.enter_context(
            running(["examples.demo.service"], LOGS / "service.log", tells_port)
        )
        place = Place(FOLDER / "envoy", authority, SOCKET, tool["port"], service["port"])
        envoy = opened.enter_context(running_envoy(place, configuration(place)))
        doors = Doors(envoy, provider)
        doors.save()
        yield Stage(doors, gate_port, public)


@contextmanager
def running_gate(log: Path) -> Iterator[Line]:
    """Run `authz serve` on the demo's home; give its log line that says it serves."""
    command = ["authz", "serve", str(HOME), "--http", "127.0.0.1:0"]
    with running(command, log, lambda line: line.get("event") == "serving") as line:
        yield line


@contextmanager
def _alone() -> Iterator[None]:
    """Hold a lock on the demo: each run makes the demo's folder anew."""
    descriptor = os.open(WORLD, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ChildFailed("another demo runs in this clone") from None
    finally:
        os.close(descriptor)


def _prepare(gate_port: int) -> Authority:
    """Make the gate's home anew: the world with its port filled in, and certificates."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    shutil.copytree(WORLD, HOME)
    document = HOME / "directory" / "global" / "gate.yaml"
    document.write_text(document.read_text().replace("${GATE_PORT}", str(gate_port)))
    authority = Authority(PKI)
    authority.issue("gate", "spiffe://example.org/ns/narrowgate/sa/gate")
    authority.issue("docs", TOOL_ID)
    authority.issue("search", SERVICE_ID)
    for name, identity in AGENT_IDS.items():
        authority.issue(name, identity)
    return authority


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
