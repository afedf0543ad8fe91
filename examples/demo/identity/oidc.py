"""A real OpenID provider, with a scripted user in the place of a browser."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from examples.demo.places import GATE_AUDIENCE, ISSUERS
from examples.idp.provider import Provider, provider

SCOPES = "docs:read docs:write"
A_DAY = 24 * 3600
"""For a demo that is kept running."""

DOCUMENT = Path(__file__).parent / "oidc-provider.yaml"


@dataclass(frozen=True)
class OidcProvider:
    """The running provider of `examples/idp`."""

    kind: ClassVar[str] = "oidc-provider"
    story: ClassVar[str] = (
        "Users log in at a real OpenID provider (npm oidc-provider): code and PKCE, "
        "with a script in the place of a browser."
    )

    issuer: str
    control_url: str

    async def log_in(self, user: str) -> str:
        """Walk *user* through a login."""
        tokens = await asyncio.to_thread(self._provider.login, user, SCOPES, GATE_AUDIENCE)
        return str(tokens["access_token"])

    async def rotate(self, step: str) -> None:
        """Take one step of a rotation: `publish`, `sign`, `retire`; or `replace`."""
        await asyncio.to_thread(self._provider.control, "rotate", step=step)

    async def forged(self, claims: Mapping[str, str], header: Mapping[str, str]) -> str:
        """Give a token that says *claims* under *header*, signed with the provider's own key."""
        control = self._provider.control
        answer = await asyncio.to_thread(control, "forge", claims=claims, header=header)
        return str(answer["token"])

    async def seen(self) -> list[str]:
        """Give the paths that the provider was asked for since the last time."""
        answer = await asyncio.to_thread(self._provider.control, "seen")
        return [row["path"] for row in answer["requests"]]

    @property
    def _provider(self) -> Provider:
        return Provider(self.issuer, self.control_url)


@contextmanager
def oidc_provider() -> Iterator[OidcProvider]:
    """
    Run the provider until the block ends, and let the gate's world name it as its `Issuer`.

    Raises:
        NotInstalled: `make idp` has not been run.
        ProviderFailed: it did not come up.
    """
    with provider(A_DAY) as running:
        ISSUERS.write_text(DOCUMENT.read_text().replace("${ISSUER}", running.issuer))
        yield OidcProvider(running.issuer, running.control_url)
