"""The port between the demo and whoever issues its users' tokens."""

from __future__ import annotations

from typing import ClassVar, Protocol


class IdentityProvider(Protocol):
    """
    Where users log in; the gate's world names it as the `Issuer` corp.

    An implementation is a frozen dataclass of strings, so that a process of its
    own can be told of it.
    """

    kind: ClassVar[str]
    """Its name on the command line."""

    story: ClassVar[str]
    """What users of the demo should know of it."""

    async def log_in(self, user: str) -> str:
        """Give an access token for *user*, for the gate, good for some minutes."""
        ...
