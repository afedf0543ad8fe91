"""The OpenID provider, for tests that want a real one."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote_plus

import httpx2
import pytest

from examples.idp.installation import INSTALLATION, NotInstalled
from examples.idp.provider import Provider, provider
from tests.support.secrecy import note

GATE = "https://gate.example.org"
"""A resource of `cast.mjs`, whose tokens are JWTs by ES256."""

CLIENT_SECRET = "a-secret:with/everything+that%is&encoded=0123456789"
"""Of the client `gate`, for introspection; Basic authentication has to encode it."""


class NotedProvider(Provider):
    """A provider whose tokens are noted as secrets."""

    def control(self, verb: str, **body: Any) -> dict[str, Any]:
        """Steer it."""
        return _noted(super().control(verb, **body))

    def login(
        self, user: str, scope: str, resource: str, more: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Log *user* in."""
        return _noted(super().login(user, scope, resource, more))


def _noted(given: dict[str, Any]) -> dict[str, Any]:
    note(*(value for name, value in given.items() if "token" in name and isinstance(value, str)))
    return given


@contextmanager
def running_provider() -> Iterator[Provider]:
    """
    Run a provider, or skip where it is not installed.

    `make test` installs it. Where that cannot be, tests without it are still worth
    running; but what must pass before a change (`CI` in the environment) has it.
    """
    try:
        INSTALLATION.node()
    except NotInstalled as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    note(CLIENT_SECRET, base64.b64encode(quote_plus(CLIENT_SECRET).encode()).decode())
    with provider() as running:
        yield NotedProvider(running.issuer, running.control_url)


def access_token(idp: Provider, user: str = "alice", resource: str = GATE) -> str:
    """Log *user* in for `docs:read`, and give the access token."""
    return str(idp.login(user, "docs:read", resource)["access_token"])


def published(idp: Provider) -> list[dict[str, str]]:
    """Give the keys that the provider publishes now."""
    keys: list[dict[str, str]] = httpx2.get(f"{idp.issuer}/jwks").json()["keys"]
    return keys


def rotate(idp: Provider, *steps: str) -> None:
    """Take steps of a rotation of the ES256 key: `publish`, `sign`, `retire`, `replace`."""
    for step in steps:
        idp.control("rotate", alg="ES256", step=step)
