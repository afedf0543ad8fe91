"""What a step may look at, and what steps learn."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from authz.claims.check import Inputs
from authz.claims.describe import TokenClaims
from authz.directory.compiled import Agent, Connection, Issuer, Target
from authz.directory.listening import Direction, Listener
from authz.directory.offers import Offer
from authz.identity.access_token import ProvenClaims
from authz.model.call import Call
from authz.model.instant import Instant
from authz.model.outcome import Answers, Facts
from authz.model.principals import Caller, Hop, Subject, UserAlone
from authz.model.scopes import Scopes
from authz.world import World


class Given(Struct, frozen=True, gc=False):
    """One call in one world at one instant: the whole input of a decision."""

    call: Call
    world: World
    now: Instant
    answers: Answers


class Route(Struct, frozen=True, gc=False):
    """Step 0: where Envoy routes to. Known even where the bytes are refused."""

    target: Target | None


class Bearer(Struct, frozen=True, gc=False):
    """A bearer token that its issuer stands behind, for us; learned in step 2 where it proves who
    asks. What it says of a user is another question.
    """

    claims: ProvenClaims
    issuer: Issuer | None
    """None: it is one that we minted."""

    until: Instant
    """When it is over, or the keys that it was proven by may no longer be used."""


class Credential(Struct, frozen=True, gc=False):
    """Step 3: the user, or nobody where the operation wants none."""

    subject: Subject | None


class Link(Struct, frozen=True, gc=False):
    """Step 5: a connection that is declared on both ends."""

    target: Target
    connection: Connection


class Asked(Struct, frozen=True, gc=False):
    """Step 6: the declared operation; no offer for operation `session`."""

    offer: Offer | None
    required: Scopes


class Held(Struct, frozen=True, gc=False):
    """Step 7: which of the required scopes each party holds; `user` stands for the user."""

    by_party: Mapping[str, Scopes]


class Grant(Struct, frozen=True, gc=False):
    """Step 12: the token to be signed, and what it was decided from."""

    claims: TokenClaims
    inputs: Inputs


class NoToken(Struct, frozen=True, gc=False):
    """Step 12, at a target that takes no token: nothing is signed, who is proven is named."""


def agent_of(given: Given, facts: Facts) -> Agent | None:
    """Give the document of the agent that step 2 proved; None where a user asks alone."""
    caller = caller_of(facts)
    return given.world.directory.agents[caller.agent] if caller else None


def caller_of(facts: Facts) -> Hop | None:
    """Give the agent that step 2 proved; None only where it found that a user asks alone."""
    return None if facts.find(UserAlone) else facts.of(Caller).hop


def hops_of(facts: Facts) -> tuple[Hop, ...]:
    """Give the proven chain: the caller first, then whom the credential passed before."""
    caller, subject = caller_of(facts), facts.of(Credential).subject
    inherited = subject.inherited if subject else ()
    return (caller, *inherited) if caller else inherited


def listener_of(given: Given) -> Listener | None:
    """Give the listener that the Check came by; None where the Gate declares it no more."""
    return given.world.directory.gate.listener(given.call.listener)


def direction_of(given: Given) -> Direction:
    """Give which calls the listener is for that the Check came by."""
    listener = listener_of(given)
    return listener.direction if listener else Direction.OUT
