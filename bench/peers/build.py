"""Builds the compiled part: the load generator, the Go floor, and OPA with an ext_authz listener.

The first build takes minutes, because OPA is large; Go's own cache makes the next one quick.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

from bench.peers.places import BINARIES, HERE

GO = (1, 26)
PROGRAMS = ("loadgen", "floor", "opaauthz")
_VERSION = re.compile(r"go version go(\d+)\.(\d+)\S* ")


class CannotBuild(Exception):
    """What is missing, in words for whoever runs the benchmark."""


def go_version() -> str:
    """
    Give what `go version` says.

    Raises:
        CannotBuild: there is no Go, or an older one.
    """
    go = shutil.which("go")
    # An older Go would fetch a newer one by itself; what is measured should be what is installed.
    said = _run([go, "version"]) if go else "no go on the path"
    found = _VERSION.match(said)
    if found is None or (int(found[1]), int(found[2])) < GO:
        wanted = ".".join(map(str, GO))
        raise CannotBuild(f"the peers are built with Go {wanted} or newer (https://go.dev): {said}")
    return said.strip()


def build() -> None:
    """
    Build every program into `BINARIES`.

    Raises:
        CannotBuild: Go is missing or too old, or does not build them.
    """
    go_version()
    BINARIES.mkdir(parents=True, exist_ok=True)
    if not all((BINARIES / program).exists() for program in PROGRAMS):
        print("building the peers; the first time it takes minutes", file=sys.stderr)
    for program in PROGRAMS:
        command = ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", str(BINARIES / program)]
        _run([*command, f"./{program}"])


def _run(command: list[str]) -> str:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": ""}
    done = subprocess.run(
        command, cwd=HERE / "go", env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotBuild(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return done.stdout
