"""Who asks, and for whom: identities that a proof stands behind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from authz.model.instant import EARLIEST, LATEST, Instant
from authz.model.scopes import NO_SCOPES, ScopePatterns, Scopes
from authz.model.spiffe import SpiffeId

MAX_CHAIN = 4
"""The most agents in a chain, the caller included. Longer is refused, never cut."""


class Actor(Struct, frozen=True, gc=False):
    """An agent as tokens name it: the pair (`iss`, `sub`) of its proven identity."""

    iss: str
    sub: str


class Hop(Struct, frozen=True, gc=False):
    """One agent of a chain: its document (`namespace/name`) and how it was proven."""

    agent: str
    actor: Actor


class Proof(StrEnum):
    """What says who asks; a listener reads one kind and no other."""

    PRINCIPAL = "principal"
    CERTIFICATE = "certificate"
    XFCC = "xfcc"
    METADATA = "metadata"
    CLIENT = "client"
    NONE = "none"


class Identity(Struct, frozen=True, gc=False):
    """Who asks, as a good proof names them; whether a document does is another question."""

    proof: Proof
    actor: Actor
    workload: SpiffeId | None
    """None for a client of an issuer, which is no workload of a trust domain."""

    thumbprint: str | None = None
    """`x5t#S256` (RFC 8705 section 3.1) of the certificate that proved it."""

    until: Instant = LATEST
    """When the proof is over, if it ends by itself."""


class Caller(Struct, frozen=True, gc=False):
    """The proven workload or client that asks, and the declared agent that it is."""

    workload: SpiffeId | None
    hop: Hop
    proof: Proof = Proof.PRINCIPAL
    thumbprint: str | None = None


class UserAlone(Struct, frozen=True, gc=False):
    """No agent asks, by a listener without identity: only a user can be proven, by a credential."""


class UserId(Struct, frozen=True, gc=False):
    """A user: unique only within an issuer."""

    issuer: str
    """Name of the `Issuer` document, a DNS label, so the first slash splits exactly."""

    sub: str

    def __str__(self) -> str:
        return f"{self.issuer}/{self.sub}"


@dataclass(frozen=True, slots=True)
class SubjectForm:
    """How users are written as `sub` in tokens for one target or agent."""

    issuer: str | None
    """Name of the one `Issuer` whose plain `sub` is meant; None where it is `issuer/sub`."""

    def understands(self, user: UserId) -> bool:
        """Say whether *user* can be written at all."""
        return self.issuer in (None, user.issuer)

    def write(self, user: UserId) -> str:
        """
        Write *user*.

        Raises:
            ValueError: it is of another issuer: its plain `sub` would be somebody else's.
        """
        if not self.understands(user):
            raise ValueError("a user of another issuer has no plain form here")
        return str(user) if self.issuer is None else user.sub

    def read(self, sub: str) -> UserId | None:
        """Give the user that *sub* stands for; None where it stands for none."""
        if self.issuer is not None:
            return UserId(self.issuer, sub) if sub else None
        issuer, _, rest = sub.partition("/")
        return UserId(issuer, rest) if issuer and rest else None


QUALIFIED = SubjectForm(None)


class Authentication(Struct, frozen=True, gc=False):
    """How the user logged in, as far as the issuer may say so."""

    level: int = 0
    """2 means several factors; 0 means nothing is known."""

    acr: str = ""
    amr: frozenset[str] = frozenset()
    time: Instant = EARLIEST


class Login(Struct, frozen=True, gc=False):
    """What a proven credential says of its user, within what its issuer may assert."""

    user: UserId
    groups: frozenset[str]
    """Qualified (`issuer/group`)."""

    scopes: Scopes
    """As the credential lists them; what of it counts is for the directory to say."""

    authentication: Authentication
    expires: Instant
    inherited: tuple[Hop, ...] = ()
    """Agents that it already passed, the latest first; only what we minted has any."""

    acr: str | None = None
    auth_time: Instant | None = None
    is_ours: bool = False
    """We minted it, so it was cut to what its user may before it was handed on."""


class Subject(Struct, frozen=True, gc=False):
    """A user whose credential was proven, with what it may bring about."""

    user: UserId
    groups: frozenset[str]
    """Qualified (`issuer/group`), within what the issuer may assert."""

    roles: frozenset[str]
    could: ScopePatterns
    """What the user could ever hold."""

    carries: Scopes
    """What this credential carries now; never more than `could`."""

    authentication: Authentication
    inherited: tuple[Hop, ...]
    """Agents that the credential already passed, the latest first; without the caller."""

    expires: Instant
    acr: str | None = None
    """`acr` and `auth_time` as the credential said them, to go on unchanged."""

    auth_time: Instant | None = None
    said: Scopes = NO_SCOPES
    """The scopes that the credential lists, whatever of them counts; for the record."""
