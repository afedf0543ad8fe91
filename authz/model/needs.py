"""What a decision can ask of the server, and what the server can answer.

A need is a value: the server finds the answer out and decides again with it.
Equal needs have one answer, so a decision never asks twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from authz.model.reasons import Reason
from authz.model.scopes import Scopes
from authz.model.strict_json import JSON


class KeysNeeded(Struct, frozen=True, gc=False):
    """A token names a key that is not known: have the issuer's keys been changed?"""

    issuer: str
    """Name of the `Issuer`."""


@dataclass(frozen=True, slots=True)
class IntrospectionNeeded:
    """An opaque token: what does its issuer say of it (RFC 7662)?"""

    issuer: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChallengeNeeded:
    """A refusal that the caller could cure: was it asked to, for the same, with another login?"""

    user: str
    agent: str
    target: str
    reason: Reason
    scopes: Scopes
    credential: str
    """A digest of the credential: the one that was challenged may be challenged again."""


Need = KeysNeeded | IntrospectionNeeded | ChallengeNeeded


@dataclass(frozen=True, slots=True)
class Introspected:
    """The token is active; its members were read strictly, and are not believed any further."""

    members: Mapping[str, JSON] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Inactive:
    """The issuer says that the token is not active, and nothing more."""


@dataclass(frozen=True, slots=True)
class Challenged:
    """Whether a challenge for the same was answered already, with another credential."""

    before: bool


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody could say. The text is ours and quotes nothing that others wrote."""

    why: str
