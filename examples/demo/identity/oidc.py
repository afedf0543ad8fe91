"""A real OpenID provider, with a scripted user in the place of a browser."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import httpx2

from examples.demo.places import GATE_AUDIENCE, ISSUER_KEYS, ISSUERS
from examples.idp.provider import Provider, provider

SCOPES = "docs:read docs:write"
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

    @property
    def provider(self) -> Provider:
        """The provider, to steer it."""
        return Provider(self.issuer, self.control_url)

    async def log_in(self, user: str) -> str:
        """Walk *user* through a login."""
        login = self.provider.login
        tokens = await asyncio.to_thread(login, user, SCOPES, GATE_AUDIENCE)
        return str(tokens["access_token"])


@contextmanager
def oidc_provider() -> Iterator[OidcProvider]:
    """
    Run the provider until the block ends, and let the gate's world name it as its `Issuer`.

    Raises:
        NotInstalled: `make idp` has not been run.
        ProviderFailed: it did not come up.
    """
    with provider() as running:
        ISSUER_KEYS.parent.mkdir(parents=True, exist_ok=True)
        ISSUER_KEYS.write_bytes(httpx2.get(f"{running.issuer}/jwks").raise_for_status().content)
        ISSUERS.write_text(DOCUMENT.read_text().replace("${ISSUER}", running.issuer))
        yield OidcProvider(running.issuer, running.control_url)
