"""Which identity providers there are, by their name on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from examples.demo.identity.oidc import OidcProvider, oidc_provider
from examples.demo.identity.own import OwnIssuer, own_issuer
from examples.demo.identity.port import IdentityProvider

START: Mapping[str, Callable[[], AbstractContextManager[IdentityProvider]]] = {
    OwnIssuer.kind: own_issuer,
    OidcProvider.kind: oidc_provider,
}
"""Each runs its provider for a gate whose home is made already, and that has not started."""

RUNNING: Mapping[str, Callable[..., IdentityProvider]] = {
    OwnIssuer.kind: OwnIssuer,
    OidcProvider.kind: OidcProvider,
}
"""Each gives what another process has started, by the members that it was told."""
