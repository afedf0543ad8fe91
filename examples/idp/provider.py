"""Running the OpenID provider, and steering it.

    with provider() as idp:
        tokens = idp.login("alice", "docs:read", "https://gate.example.org")
        idp.control("fault", path="/jwks", kind="hang")

It ends with the block, with its parent, and after its life whatever happens.
"""

from __future__ import annotations

import json
import select
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import httpx2

from examples.idp.installation import HERE, INSTALLATION
from examples.idp.login import TIMEOUT_SECONDS, Browser, log_in

START_SECONDS = 30
STOP_SECONDS = 10
LIFE_SECONDS = 3600


class ProviderFailed(Exception):
    """The provider did not come up; the message is the end of its log."""


@dataclass(frozen=True)
class Provider:
    """A running provider."""

    issuer: str
    """Its `iss`, and the URL that its metadata is found under."""

    control_url: str

    def control(self, verb: str, **body: Any) -> dict[str, Any]:
        """Steer it; `control.mjs` says which verbs there are, and what each wants."""
        url = f"{self.control_url}/{verb}"
        answer = httpx2.post(url, json=body, trust_env=False, timeout=TIMEOUT_SECONDS)
        if not answer.is_success:
            raise ValueError(answer.text)
        given: dict[str, Any] = answer.json()
        return given

    def login(
        self, user: str, scope: str, resource: str, more: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """
        Log *user* in with a browser that has no session yet, and give the token response.

        Raises:
            LoginRefused: no token, for whatever reason.
        """
        with Browser(user) as browser:
            return log_in(self.issuer, browser, scope, resource, more)


@contextmanager
def provider(life_seconds: int = LIFE_SECONDS) -> Iterator[Provider]:
    """
    Run a provider until the block ends, and at most *life_seconds*.

    Raises:
        NotInstalled: `make idp` has not been run.
        ProviderFailed: it did not come up.
    """
    command = [str(INSTALLATION.node()), str(HERE / "main.mjs"), str(life_seconds)]
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        ) as process,
    ):
        try:
            line = _first_line(process)
            if not line:
                log.seek(0)
                raise ProviderFailed(log.read().decode()[-2000:] or "it said nothing")
            told = json.loads(line)
            yield Provider(told["issuer"], told["control"])
        finally:
            _piped(process.stdin).close()
            _wait_or_kill(process)


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    """Give the line that says that it is ready; nothing when it ended, or says none in time."""
    stdout = _piped(process.stdout)
    ready, _, _ = select.select([stdout], [], [], START_SECONDS)
    return stdout.readline() if ready else b""


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _piped(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("Popen was asked for a pipe")
    return stream
