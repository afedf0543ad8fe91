"""What upstreams in other languages would read in a body: `reader.mjs` and `reader.go`."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from examples.idp.installation import INSTALLATION, NotInstalled

HERE = Path(__file__).parent
BUILD_SECONDS = 120


class Reader(Protocol):
    """What a server in another language would make of a body."""

    @property
    def language(self) -> str:
        """What it is written in."""

    def read(self, body: bytes, names: Sequence[str]) -> Mapping[str, Any]:
        """
        Say what a server in this language would run for *body*.

        Args:
            body: The bytes.
            names: The declared arguments of the tool, for a reader that has types.

        Returns:
            `method`, `asked` (the tool, prompt, resource or task), `arguments`, and `uri` as its
            language's reader of URLs spells it; from a typed reader also `fields`; or
            `error`, where it would answer with one.
        """


@dataclass(frozen=True)
class RunningReader:
    """A reader in a process of its own: one line in, one line out."""

    language: str
    process: subprocess.Popen[bytes]

    def read(self, body: bytes, names: Sequence[str]) -> Mapping[str, Any]:
        """Ask the process."""
        asked = {"body": base64.b64encode(body).decode("ascii"), "names": list(names)}
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(asked).encode() + b"\n")
        stdin.flush()
        said: Mapping[str, Any] = json.loads(stdout.readline())
        return said


@contextmanager
def running_readers(folder: Path) -> Iterator[tuple[Reader, ...]]:
    """Run a reader of each language that this machine has; what is built goes into *folder*."""
    with ExitStack() as stack:
        found = ((language, command(folder)) for language, command in COMMANDS.items())
        yield tuple(
            RunningReader(language, stack.enter_context(_running(command)))
            for language, command in found
            if command is not None
        )


@contextmanager
def _running(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        yield process
        process.kill()


def _node(_folder: Path) -> Sequence[str] | None:
    program = shutil.which("node")
    if program is None:
        try:
            program = str(INSTALLATION.node())
        except NotInstalled:
            return None
    return [program, str(HERE / "reader.mjs")]


def _go(folder: Path) -> Sequence[str] | None:
    go = shutil.which("go")
    if go is None:
        return None
    built = folder / "reader"
    command = [go, "build", "-o", str(built), str(HERE / "reader.go")]
    subprocess.run(command, check=True, timeout=BUILD_SECONDS, cwd=folder)
    return [str(built)]


COMMANDS = {"Node": _node, "Go": _go}
