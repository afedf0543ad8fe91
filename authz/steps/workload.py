"""Step 2: the workload that asks, and the declared agent that it is."""

from __future__ import annotations

from authz.identity.workload import Absent, Rejected, read_principal
from authz.model.outcome import Facts, Passed, Refused
from authz.model.principals import Actor, Caller, Hop
from authz.model.reasons import Reason
from authz.steps.given import Given


def prove_workload(given: Given, _facts: Facts) -> Passed[Caller] | Refused:
    """Prove the caller by its TLS principal. Nothing in the request itself is looked at."""
    directory = given.world.directory
    workload = read_principal(given.call.principal, directory.gate.trust_domains)
    match workload:
        case Absent():
            return Refused(Reason.WORKLOAD_UNIDENTIFIED, "the TLS peer showed no identity")
        case Rejected(why):
            return Refused(Reason.WORKLOAD_UNTRUSTED, why)
    agent = directory.agents_by_spiffe.get(workload)
    if agent is None:
        return Refused(Reason.AGENT_UNDECLARED, f"no Agent declares the identity {workload}")
    actor = Actor(workload.authority, str(workload))
    return Passed(Caller(workload, Hop(agent.name, actor)))
