"""What is asked of the policies about one call, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Struct

from authz.directory.compiled import Target
from authz.directory.offers import Offer
from authz.model.instant import Instant
from authz.model.principals import Hop, Subject
from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES, Scopes
from authz.model.strict_json import JSON

USER = "user"
"""The party of the user's leg; an agent's leg is named by the agent."""


class Question(Struct, frozen=True, gc=False):
    """May these parties do this, with these arguments, now?"""

    target: Target
    offer: Offer | None
    """None for operation `session`."""

    method: str
    arguments: Mapping[str, JSON] | None
    user: Subject | None
    user_scopes: Scopes
    """What the user leg is judged with: what the credential carries, within the ceiling."""

    hops: tuple[Hop, ...]
    """The caller first; every agent of the chain is a leg."""

    required: Scopes
    now: Instant
    peer_address: str
    headers: Mapping[str, str]
    """All request headers; policies see only those that the Gate lists."""

    uri: str = ""
    """Of the resource that is asked for."""


@dataclass(frozen=True, slots=True, order=True)
class PolicyRef:
    """A policy, and where its author finds it."""

    id: str
    file: str
    line: int
    reason: str = ""
    """Its `@reason`: what its author wants people to be told."""

    def __str__(self) -> str:
        return f"{self.id} ({self.file}:{self.line})"


class Leg(Struct, frozen=True, gc=False):
    """One party's evaluation."""

    party: str
    reason: Reason
    """`allow`, `forbidden`, `no_permit` or `policy_error`."""

    policies: tuple[PolicyRef, ...]
    """The determining ones, or for `policy_error` those that erred; sorted."""

    granted: Scopes


class Judgement(Struct, frozen=True, gc=False):
    """What all legs together come to."""

    reason: Reason
    legs: tuple[Leg, ...] = ()
    """As first evaluated: for a challenge they name the forbids that ask."""

    granted: Scopes = NO_SCOPES
    """Those of the required scopes that every leg's permits give."""

    challenges: tuple[str, ...] = ()
    """What would turn the no into a yes, in the order it is asked."""

    assumed: tuple[str, ...] = ()
    """The step-ups that `legs` were evaluated with as if they were met; sorted."""

    detail: str = ""
