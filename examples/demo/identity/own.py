"""The demo's own issuer, in a process of its own: tokens without a login."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import httpx2

from examples.demo.children import running, tells_port
from examples.demo.places import LOGS


@dataclass(frozen=True)
class OwnIssuer:
    """The running `examples.demo.issuer`; the world of the demo is written for it."""

    kind: ClassVar[str] = "own"
    story: ClassVar[str] = (
        "Users get their tokens from the demo's own issuer, which asks for no login; "
        "`make demo IDP=oidc-provider` takes a real OpenID provider instead (and Node)."
    )

    url: str

    async def log_in(self, user: str) -> str:
        """Ask for a token in the user's name."""
        async with httpx2.AsyncClient() as http:
            answer = (await http.post(f"{self.url}/token", data={"user": user})).raise_for_status()
        return str(answer.json()["access_token"])


@contextmanager
def own_issuer() -> Iterator[OwnIssuer]:
    """
    Run the issuer until the block ends.

    Raises:
        ChildFailed: it did not come up.
    """
    with running(["examples.demo.issuer"], LOGS / "issuer.log", tells_port) as line:
        yield OwnIssuer(f"http://127.0.0.1:{line['port']}")
