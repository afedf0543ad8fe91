"""What a step may look at, and what steps learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from authz.claims.check import Inputs
from authz.claims.describe import TokenClaims
from authz.directory.compiled import Agent, Connection, Offer, Target
from authz.model.call import Call
from authz.model.instant import Instant
from authz.model.outcome import Answers, Facts
from authz.model.principals import Caller, Hop, Subject
from authz.model.scopes import Scopes
from authz.world import World


@dataclass(frozen=True, slots=True)
class Given:
    """One call in one world at one instant: the whole input of a decision."""

    call: Call
    world: World
    now: Instant
    answers: Answers


@dataclass(frozen=True, slots=True)
class Route:
    """Step 0: where Envoy routes to. Known even where the bytes are refused."""

    target: Target | None


@dataclass(frozen=True, slots=True)
class Credential:
    """Step 3: the user, or nobody where the operation wants none."""

    subject: Subject | None


@dataclass(frozen=True, slots=True)
class Link:
    """Step 5: a connection that is declared on both ends."""

    target: Target
    connection: Connection


@dataclass(frozen=True, slots=True)
class Asked:
    """Step 6: the declared operation; no offer for operation `session`."""

    offer: Offer | None
    required: Scopes


@dataclass(frozen=True, slots=True)
class Held:
    """Step 7: which of the required scopes each party holds; `user` stands for the user."""

    by_party: Mapping[str, Scopes]


@dataclass(frozen=True, slots=True)
class Grant:
    """Step 12: the token to be signed, and what it was decided from."""

    claims: TokenClaims
    inputs: Inputs


def agent_of(given: Given, facts: Facts) -> Agent:
    """Give the document of the agent that step 2 proved."""
    return given.world.directory.agents[facts.of(Caller).hop.agent]


def hops_of(facts: Facts) -> tuple[Hop, ...]:
    """Give the proven chain: the caller first, then whom the credential passed before."""
    subject = facts.of(Credential).subject
    inherited = subject.inherited if subject else ()
    return (facts.of(Caller).hop, *inherited)
