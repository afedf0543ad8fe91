"""Step 6: the operation is declared by the target and on the agent's list."""

from __future__ import annotations

from authz.directory.offers import Offer, Tool
from authz.model.operation import AgentCall, Message, Operation, Session, ToolCall, Unknown
from authz.model.outcome import Facts, Passed, Refused
from authz.model.reasons import Reason
from authz.policy.compiled import Policies
from authz.steps.given import Asked, Given, Link


def check_operation(given: Given, facts: Facts) -> Passed[Asked] | Refused:
    """Map the operation to the scopes that it requires."""
    link, operation = facts.of(Link), facts.of(Message).operation
    match operation:
        case AgentCall(method, binding):
            detail = f"calls of agents are not allowed yet: {binding}, {method[:64]!r}"
            return Refused(Reason.OPERATION_UNDECLARED, detail)
        case Unknown(method, why):
            detail = f"no rule knows the method {method[:64]!r}{why and f': {why}'}"
            return Refused(Reason.METHOD_UNKNOWN, detail)
        case Session():
            return Passed(Asked(None, link.target.session_scopes))
    return _check_offer(operation, link, given.world.policies)


def _check_offer(operation: Operation, link: Link, policies: Policies) -> Passed[Asked] | Refused:
    offer = link.target.offer_for(operation)
    if offer is None:
        detail = f"{link.target.name} declares nothing of that name for {operation.method}"
        return Refused(Reason.OPERATION_UNDECLARED, detail)
    if not link.connection.lists(offer):
        detail = f"{offer.own_name} is not on the agent's list for {link.target.name}"
        return Refused(Reason.OPERATION_UNDECLARED, detail)
    if isinstance(offer, Tool) and offer.name in policies.quarantined:
        return Refused(Reason.TOOL_QUARANTINED, policies.quarantined[offer.name])
    if isinstance(operation, ToolCall) and operation.as_task:
        return _check_task(offer, link)
    return Passed(Asked(offer, offer.scopes))


def _check_task(offer: Offer, link: Link) -> Passed[Asked] | Refused:
    """Let a tool run as a task only where the server binds tasks to whoever starts them."""
    tasks = link.target.tasks
    if tasks is None or not link.connection.lists(tasks):
        detail = f"tasks of {link.target.name} are not declared, or not on the agent's list"
        return Refused(Reason.OPERATION_UNDECLARED, detail)
    return Passed(Asked(offer, offer.scopes | tasks.scopes))
