"""Step 5: the target is known, and the connection is declared on both ends."""

from __future__ import annotations

from authz.model.outcome import Facts, Passed, Refused
from authz.model.reasons import Reason
from authz.steps.given import Given, Link, Route, agent_of


def check_connection(given: Given, facts: Facts) -> Passed[Link] | Refused:
    """Find the connection; there is no fallback from the route to the `Host`."""
    target = facts.of(Route).target
    if target is None:
        named = (
            f"no document declares {given.call.target!r}" if given.call.target else "it is empty"
        )
        return Refused(Reason.TARGET_UNKNOWN, f"context_extensions.target: {named}")
    agent = agent_of(given, facts)
    connection = agent.connections.get(target.name)
    if connection is None:
        return Refused(
            Reason.CONNECTION_UNDECLARED, f"{agent.name} declares no connection to {target.name}"
        )
    if not target.accepts(agent.name):
        return Refused(
            Reason.CONNECTION_UNDECLARED, f"{target.name} does not name {agent.name} as a caller"
        )
    return Passed(Link(target, connection))
