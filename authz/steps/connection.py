"""Step 5: the target is known, and the connection is declared on both ends."""

from __future__ import annotations

from authz.directory.compiled import Connection
from authz.directory.listening import TargetChoice
from authz.model.outcome import Facts, Passed, Refused
from authz.model.reasons import Reason
from authz.steps.given import Given, Link, Route, agent_of, listener_of


def check_connection(given: Given, facts: Facts) -> Passed[Link] | Refused:
    """
    Find the connection; there is no fallback from the route to the `Host`.

    A user who asks alone declares none, and so lists nothing.
    """
    target = facts.of(Route).target
    if target is None:
        return Refused(Reason.TARGET_UNKNOWN, _why_unknown(given))
    agent = agent_of(given, facts)
    if agent is None:
        return Passed(Link(target, Connection(target.name, {})))
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


def _why_unknown(given: Given) -> str:
    call, listener = given.call, listener_of(given)
    if listener and listener.targets is TargetChoice.HOSTS:
        return f"no document declares {call.host[:64]!r} with that path"
    if not call.target:
        return "context_extensions.target: it is empty"
    if call.target in given.world.directory.targets:
        return f"context_extensions.target: {call.target} is no agent, and this way is for agents"
    return f"context_extensions.target: no document declares {call.target!r}"
