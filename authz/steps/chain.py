"""Chains of agents: which declared agent an actor is, and whom a token was given to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from authz.directory.compiled import Agent, Directory, Issuer
from authz.identity.access_token import TokenRejected
from authz.identity.chain import ChainMalformed, read_act
from authz.model.outcome import Refused
from authz.model.principals import MAX_CHAIN, Actor, Hop
from authz.model.reasons import Reason
from authz.model.spiffe import SCHEME, NotSpiffe, SpiffeId
from authz.model.strict_json import JSON


def declared_agent(actor: Actor, directory: Directory) -> Agent | None:
    """Give the agent whose declared identity *actor* is: a SPIFFE ID, or an issuer's client."""
    if actor.iss.startswith(SCHEME):
        agent = _by_spiffe(actor.sub, directory)
        return agent if actor.sub.startswith(f"{actor.iss}/") else None
    issuer = directory.issuers_by_url.get(actor.iss)
    return directory.agents_by_client.get((issuer.name, actor.sub)) if issuer else None


def _by_spiffe(text: str, directory: Directory) -> Agent | None:
    try:
        return directory.agents_by_spiffe.get(SpiffeId.parse(text))
    except NotSpiffe:
        return None


def inherit_chain(act: JSON, caller: Hop, directory: Directory) -> tuple[Hop, ...] | Refused:
    """
    Read the chain of a token that we minted, for *caller* who presents it now.

    Every hop must be a declared agent, none twice, the caller not among them,
    and with the caller no more than `MAX_CHAIN`.
    """
    hops = _declared_chain(act, directory)
    return hops if isinstance(hops, Refused) else refuse_chain(hops, caller) or hops


def continue_chain(act: JSON, caller: Hop, directory: Directory) -> tuple[Hop, ...] | Refused:
    """
    Read the chain of a token that we minted, which *caller* sends on and stands in already.

    The outermost hop must be the caller; the others are given, as `inherit_chain` reads them.
    """
    hops = _declared_chain(act, directory)
    if isinstance(hops, Refused):
        return hops
    outermost, before = hops[0], hops[1:]
    if outermost.agent != caller.agent:
        return Refused(Reason.CHAIN_REFUSED, "the outermost hop of the chain is not the caller")
    return refuse_chain(before, caller) or before


def _declared_chain(act: JSON, directory: Directory) -> tuple[Hop, ...] | Refused:
    try:
        actors = read_act(act)
    except ChainMalformed as error:
        return Refused(Reason.CHAIN_REFUSED, f"act: {error}")
    hops: list[Hop] = []
    for actor in actors:
        agent = declared_agent(actor, directory)
        if agent is None:
            return Refused(Reason.CHAIN_REFUSED, "a hop of the chain is no declared agent")
        hops.append(Hop(agent.name, actor))
    return tuple(hops)


def refuse_chain(hops: Sequence[Hop], caller: Hop) -> Refused | None:
    """Refuse a chain that is too long with *caller*, or in which an agent is twice."""
    if len(hops) >= MAX_CHAIN:
        return Refused(Reason.CHAIN_REFUSED, f"the caller would be hop {len(hops) + 1}")
    known = {caller.agent}
    for hop in hops:
        if hop.agent in known:
            return Refused(Reason.CHAIN_REFUSED, f"{hop.agent} is in the chain twice")
        known.add(hop.agent)
    return None


def refuse_foreign_act(act: JSON, caller: Hop | None, directory: Directory) -> Refused:
    """Refuse an `act` that an identity provider wrote: it proves no chain of ours."""
    foreign = any(
        (agent := declared_agent(actor, directory)) is not None
        and (caller is None or agent.name != caller.agent)
        for actor in _actors_in(act)
    )
    if foreign:
        return Refused(Reason.CREDENTIAL_NOT_YOURS, "act names another declared agent")
    return Refused(Reason.CHAIN_REFUSED, "act: an identity provider proves no chain")


def _actors_in(act: JSON) -> tuple[Actor, ...]:
    try:
        return read_act(act)
    except ChainMalformed:
        return ()


def refuse_other_actor(
    may_act: JSON, issuer: Issuer, caller: Hop, directory: Directory
) -> Refused | None:
    """
    Refuse a token whose *issuer* says that somebody else than *caller* may act for its user.

    Without `iss` the actor is a client of the issuer, or a workload. Source: RFC 8693 section 4.4.

    Raises:
        TokenRejected: `may_act` names nobody.
    """
    if not isinstance(may_act, dict):
        raise TokenRejected("may_act is no object")
    iss, sub = may_act.get("iss"), may_act.get("sub")
    if not isinstance(sub, str) or not isinstance(iss, str | None):
        raise TokenRejected("may_act names nobody")
    if iss is None:
        named = {agent.name for agent in _agents_named(sub, issuer.name, directory)}
    else:
        agent = declared_agent(Actor(iss, sub), directory)
        named = {agent.name} if agent else set()
    if caller.agent in named:
        return None
    return Refused(Reason.CREDENTIAL_NOT_YOURS, "may_act names another actor")


def refuse_foreign_client(
    claims: Mapping[str, JSON], issuer: str, chain: Iterable[Hop], directory: Directory
) -> Refused | None:
    """
    Refuse a token that was given to a declared agent outside the proven *chain*.

    Raises:
        TokenRejected: `client_id` or `azp` is no string.
    """
    proven = {hop.agent for hop in chain}
    for name in ("client_id", "azp"):
        for agent in _agents_named(claims.get(name), issuer, directory):
            if agent.name not in proven:
                return Refused(Reason.CREDENTIAL_NOT_YOURS, f"{name} names {agent.name}")
    return None


def _agents_named(client: JSON, issuer: str, directory: Directory) -> Iterator[Agent]:
    if client is None:
        return
    if not isinstance(client, str):
        raise TokenRejected("client_id or azp is no string")
    by_client = directory.agents_by_client.get((issuer, client))
    by_spiffe = _by_spiffe(client, directory)
    yield from (agent for agent in (by_client, by_spiffe) if agent is not None)
