"""What tests of the network share: a clock moved by hand, a log that is kept, an issuer."""

from __future__ import annotations

import io
import json
from ipaddress import ip_network
from typing import Any

import structlog
from structlog.typing import FilteringBoundLogger

from authz.directory.compiled import (
    ClaimPointers,
    Introspection,
    Issuer,
    KeyFile,
    KeysByUrl,
)
from authz.model.instant import Instant
from authz.model.scopes import ScopePatterns
from tests.support.secrecy import look

LOOPBACK = (ip_network("127.0.0.1/32"),)


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: int = 1_800_000_000) -> None:
        self.now = now

    def __call__(self) -> Instant:
        """Say what time it is."""
        return Instant(self.now)


class _Looked(io.StringIO):
    """Text that is looked through for secrets."""

    def write(self, text: str) -> int:
        """Keep *text*."""
        look("a log line", text)
        return super().write(text)


class KeptLog:
    """A logger, and what it was told."""

    def __init__(self) -> None:
        self._text = _Looked()
        self.log: FilteringBoundLogger = structlog.wrap_logger(
            structlog.PrintLogger(self._text),
            processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        )

    @property
    def text(self) -> str:
        """All of it."""
        return self._text.getvalue()

    @property
    def events(self) -> list[str]:
        """The names of what happened, in order."""
        lines: list[dict[str, Any]] = [json.loads(line) for line in self.text.splitlines()]
        return [line["event"] for line in lines]


def issuer(
    url: str, keys: KeyFile | KeysByUrl, introspection: Introspection | None = None
) -> Issuer:
    """Give an Issuer `corp` that may be on loopback and asserts nothing."""
    return Issuer(
        name="corp",
        url=url,
        audiences=frozenset({"https://gate.example.org"}),
        algorithms=frozenset({"ES256"}),
        keys=keys,
        claims=ClaimPointers(),
        acr_levels={},
        groups=frozenset(),
        scopes=ScopePatterns(frozenset(), ()),
        introspection=introspection,
        private_networks=LOOPBACK,
    )
