"""Step 4: the kill switch. It looks at every agent of the chain, and at one that is asked.

An agent that is suspended is taken to be in other hands: it may not ask, and
nobody's authority is handed to it either.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from authz.directory.compiled import Agent, Lifecycle, TargetKind
from authz.model.outcome import Facts, Passed, Refused
from authz.model.reasons import Reason
from authz.steps.given import Given, Route, hops_of


class NobodySuspended(Struct, frozen=True, gc=False):
    """Every agent of the chain is active, and so is an agent that is asked."""


def check_suspension(given: Given, facts: Facts) -> Passed[NobodySuspended] | Refused:
    """Refuse where any of these agents has another lifecycle than active."""
    for agent in agents_of(given, facts):
        if agent.lifecycle is not Lifecycle.ACTIVE:
            return Refused(Reason.SUSPENDED, f"{agent.name} is {agent.lifecycle}")
    return Passed(NobodySuspended())


def agents_of(given: Given, facts: Facts) -> Iterator[Agent]:
    """Give the agents that can be suspended: the chain's, then the one that is asked, if one is."""
    agents, target = given.world.directory.agents, facts.of(Route).target
    for hop in hops_of(facts):
        yield agents[hop.agent]
    if target is not None and target.kind is TargetKind.AGENT:
        yield agents[target.name]
