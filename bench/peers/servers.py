"""The table of servers: ours, the peers, and some that do no work.

A further server is a further row.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from bench import world
from bench.peers import noop_grpcio
from bench.peers.places import BINARIES, CORPUS, HERE, LOOPBACK, ROOT, Place, free_port

Command = Sequence[str]

PYVOY = ROOT / ".pyvoy"
"""Packages of the fast front. It pins an Envoy of its own, so they are not in `.venv`."""


class Role(Enum):
    """What a server is there for, which says which loads it gets."""

    MAIN = "compared in every load"
    SIDE = "a variant, compared where the targets are"
    NOTHING = "does no work: what the transport costs by itself"


@dataclass(frozen=True)
class Server:
    """One row of the table."""

    name: str
    about: str
    role: Role
    command: Callable[[Place], Command]
    """Prepares the place, and gives what to run there."""

    is_ours: bool = False
    """Ours has to be right where peers are known to be wrong."""

    missing: Callable[[], str | None] = lambda: None
    """Why it cannot run here, if so."""

    packages: Path | None = None
    """A folder of packages that it needs beside those of `.venv`."""


def _opa(policies: Sequence[str], *settings: str) -> Callable[[Place], Command]:
    def command(place: Place) -> Command:
        files = [str(HERE / "opa" / policy) for policy in policies]
        return [
            str(BINARIES / "opaauthz"), "run", "--server", "--skip-version-check",
            "--log-level=error", f"--addr={LOOPBACK}:{free_port()}",
            f"--set=plugins.authz_bench.addr={place.address}",
            *(f"--set={setting}" for setting in settings),
            *files, str(CORPUS / "data.json"),
        ]  # fmt: skip

    return command


def _floor(mode: str) -> Callable[[Place], Command]:
    def command(place: Place) -> Command:
        program = [str(BINARIES / "floor"), "-mode", mode, "-addr", place.address]
        return [*program, "-world", str(CORPUS / "world.json")]

    return command


def _ours(kind: world.Kind, *options: str) -> Callable[[Place], Command]:
    def command(place: Place) -> Command:
        home = place.folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        world.write_world(home, kind, world.Place(place.port, place.jwks_url))
        serve = [sys.executable, "-m", "authz", "serve", str(home), "--http", f"{LOOPBACK}:0"]
        return [*serve, "--log-level", "warning", *options]

    return command


def _grpcio(place: Place) -> Command:
    return noop_grpcio.command(place.port)


def _pyvoy(place: Place) -> Command:
    options = ["--address", LOOPBACK, "--port", str(place.port), "--loop", "uvloop"]
    program = [sys.executable, str(PYVOY / "bin" / "pyvoy")]
    return [*program, "bench.peers.noop_pyvoy:app", *options]


def _no_pyvoy() -> str | None:
    return None if (PYVOY / "bin" / "pyvoy").exists() else "pyvoy is not installed in .pyvoy"


def _no_fast_front() -> str | None:
    serve = [sys.executable, "-m", "authz", "serve", "--help"]
    offers = subprocess.run(serve, capture_output=True, text=True, check=False).stdout
    return _no_pyvoy() if "--front" in offers else "authz serve has no --front"


CONSOLE = "decision_logs.console=true"
LEAN = "plugins.authz_bench.mode=lean"

OPA, FLOOR, OURS, FAST = "opa", "go-floor", "narrowgate", "narrowgate-pyvoy"
NO_WORK = "go-noop"

SERVERS: Sequence[Server] = (
    Server(OPA, "OPA, decision log on, credential masked", Role.MAIN,
           _opa(["policy.rego", "mask.rego"], CONSOLE)),
    Server(FLOOR, "hand-written Go that verifies each token", Role.MAIN, _floor("full")),
    Server(OURS, "ours, default front", Role.MAIN, _ours("equal"), is_ours=True),
    Server(FAST, "ours, fast front", Role.MAIN, _ours("equal", "--front", "pyvoy"),
           is_ours=True, missing=_no_fast_front, packages=PYVOY),
    Server("opa-no-log", "OPA, decision log off", Role.SIDE, _opa(["policy.rego"])),
    Server("opa-lean", "OPA, given only what its policy reads; its log names no credential",
           Role.SIDE, _opa(["lean.rego", "mask_lean.rego"], CONSOLE, LEAN)),
    Server("go-floor-cached", "hand-written Go that remembers tokens", Role.SIDE, _floor("cached")),
    Server("narrowgate-mint", "ours, and mints a token; its `mix` is new to it",
           Role.SIDE, _ours("mint"), is_ours=True),
    Server("narrowgate-guarded", "ours, policies read arguments; its `mix` is new to it",
           Role.SIDE, _ours("guarded"), is_ours=True),
    Server("grpcio-noop", "grpcio, threads as ours", Role.NOTHING, _grpcio),
    Server("pyvoy-noop", "pyvoy, ASGI", Role.NOTHING, _pyvoy, missing=_no_pyvoy, packages=PYVOY),
    Server(NO_WORK, "grpc-go", Role.NOTHING, _floor("noop")),
)  # fmt: skip


def missing_of(servers: Sequence[Server]) -> dict[str, str]:
    """Give by name why some of *servers* cannot run here."""
    why = {server.name: server.missing() for server in servers}
    return {name: reason for name, reason in why.items() if reason}
