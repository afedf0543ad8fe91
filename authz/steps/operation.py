"""Step 6: the operation is declared by the target and on the agent's list."""

from __future__ import annotations

from authz.model.operation import Message, Operation, Session, Unknown
from authz.model.outcome import Facts, Passed, Refused
from authz.model.reasons import Reason
from authz.policy.compiled import Policies
from authz.steps.given import Asked, Given, Link


def check_operation(given: Given, facts: Facts) -> Passed[Asked] | Refused:
    """Map the operation to the scopes that it requires."""
    link, operation = facts.of(Link), facts.of(Message).operation
    match operation:
        case Unknown(method):
            return Refused(Reason.METHOD_UNKNOWN, f"no rule knows the method {method[:64]!r}")
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
    if offer.name in policies.quarantined:
        return Refused(Reason.TOOL_QUARANTINED, policies.quarantined[offer.name])
    return Passed(Asked(offer, offer.scopes))
