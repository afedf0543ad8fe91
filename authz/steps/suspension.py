"""Step 4: the kill switch. It looks at every agent of the chain, by its document."""

from __future__ import annotations

from dataclasses import dataclass

from authz.directory.compiled import Lifecycle
from authz.model.outcome import Facts, Passed, Refused
from authz.model.reasons import Reason
from authz.steps.given import Given, hops_of


@dataclass(frozen=True, slots=True)
class NobodySuspended:
    """Every agent of the chain is active."""


def check_suspension(given: Given, facts: Facts) -> Passed[NobodySuspended] | Refused:
    """Refuse where any agent of the chain has another lifecycle than active."""
    for hop in hops_of(facts):
        lifecycle = given.world.directory.agents[hop.agent].lifecycle
        if lifecycle is not Lifecycle.ACTIVE:
            return Refused(Reason.SUSPENDED, f"{hop.agent} is {lifecycle}")
    return Passed(NobodySuspended())
