"""Steps 7 and 8: what the agents, and what the user, could ever hold."""

from __future__ import annotations

from msgspec import Struct

from authz.model.outcome import Facts, Passed, Refused
from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES, Scopes, format_scopes
from authz.policy.question import USER
from authz.steps.given import Asked, Credential, Given, Held, Link, hops_of


class UserScopes(Struct, frozen=True, gc=False):
    """Step 8: what the user leg is judged with; empty without a user."""

    scopes: Scopes


def check_agents(given: Given, facts: Facts) -> Passed[Held] | Refused:
    """Refuse where an agent of the chain does not have every required scope."""
    required, held = facts.of(Asked).required, _held(given, facts)
    for hop in hops_of(facts):
        missing = required - held.by_party[hop.agent]
        if missing:
            detail = f"{hop.agent} lacks {format_scopes(missing)}"
            return Refused(Reason.AGENT_LACKS_SCOPE, detail, facts=(held,))
    return Passed(held)


def check_user(_given: Given, facts: Facts) -> Passed[UserScopes] | Refused:
    """Refuse what the user could never hold, then what this credential does not carry."""
    subject, target = facts.of(Credential).subject, facts.of(Link).target
    if subject is None:
        return Passed(UserScopes(NO_SCOPES))
    if not target.subjects.understands(subject.user):
        detail = f"{target.name} understands plain subjects of {target.subjects.issuer} only"
        return Refused(Reason.USER_LACKS_SCOPE, detail)
    required = facts.of(Asked).required
    never = required - subject.could.within(required)
    if never:
        detail = f"no role gives {subject.user} {format_scopes(never)}"
        return Refused(Reason.USER_LACKS_SCOPE, detail)
    missing = required - subject.carries
    if missing:
        detail = f"the credential does not carry {format_scopes(missing)}"
        return Refused(Reason.INSUFFICIENT_SCOPE, detail, required=required)
    return Passed(UserScopes(subject.carries))


def _held(given: Given, facts: Facts) -> Held:
    required, subject = facts.of(Asked).required, facts.of(Credential).subject
    agents = given.world.directory.agents
    by_party = {hop.agent: agents[hop.agent].scopes & required for hop in hops_of(facts)}
    if subject is None:
        return Held(by_party)
    known = facts.of(Link).target.subjects.understands(subject.user)
    carried = subject.carries & required if known else NO_SCOPES
    return Held({USER: carried, **by_party})
