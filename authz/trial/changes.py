"""What would have to be otherwise for a step not to refuse: one fact a refusal.

Each is made in a copy of what was decided, so that a trial can go on with it;
where nobody can say what the fact would be (a proof, a document that is not
there), it is named only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from authz.directory.compiled import Agent, Connection, Issuer, Lifecycle, Role, Target
from authz.directory.listening import ByPrincipal
from authz.model.operation import (
    HttpCall,
    Message,
    Operation,
    PromptUse,
    ResourceUse,
    TaskUse,
    ToolCall,
)
from authz.model.outcome import Facts, Refused
from authz.model.principals import Identity, Login, Proof, Subject
from authz.model.reasons import Reason
from authz.model.scopes import ScopePatterns, Scopes, format_scopes
from authz.steps.given import Asked, Credential, Given, Route, agent_of, hops_of, listener_of
from authz.steps.suspension import agents_of
from authz.trial.made import (
    with_agent,
    with_connection,
    with_group,
    with_issuer,
    with_login_scopes,
    with_role,
    with_target,
)
from authz.trial.stated import Setting

NOTHING = "nothing"
MAX_GROUPS = 64
"""That are tried, one after the other."""

SUPPOSED = "supposed"

_BYTES = ("the request", "form", "a request that can be read in one way")
_NAMED_ONLY: Mapping[Reason, tuple[str, str, str]] = {
    Reason.UNREADABLE_REQUEST: _BYTES,
    Reason.AMBIGUOUS_REQUEST: _BYTES,
    Reason.BODY_MISSING: _BYTES,
    Reason.BODY_TRUNCATED: _BYTES,
    Reason.CREDENTIAL_INVALID: ("the credential", "proof", "a good token of the user for us"),
    Reason.CREDENTIAL_NOT_YOURS: ("the credential", "proof", "given to no other agent"),
    Reason.CHAIN_REFUSED: ("the credential", "proof", "with the agents that it came through"),
    Reason.METHOD_UNKNOWN: ("the request", "method", "one that a rule knows"),
    Reason.TOOL_QUARANTINED: ("the tool", "input", "of types that every general policy fits"),
    Reason.BAD_ARGUMENT: ("the call", "arguments", "as the tool's input declares them"),
}
"""What was wrong stands in the refusal's detail; what would be right, nobody can say."""

Make = Callable[[Setting], Setting]


@dataclass(frozen=True, slots=True)
class Change:
    """One fact, as it is and as it would have to be."""

    subject: str
    """What it is a fact of: `Agent research/assistant`, `the credential`."""

    member: str
    seen: str
    needed: str
    make: Make | None = field(default=None, compare=False, repr=False)
    """Makes it so in a copy; None where it can only be named."""

    was_tried: bool = False
    """Policy was evaluated as if it were so, and allowed."""

    def __str__(self) -> str:
        return f"{self.subject}: {self.member} is {self.seen}; it would have to be {self.needed}"


def group_changes(setting: Setting) -> Iterator[Change]:
    """Give, one by one, the groups that the user's issuer may assert and the login does not say."""
    login = setting.stated.login
    if not isinstance(login, Login) or login.is_ours:
        return
    issuer = setting.world.directory.issuers[login.user.issuer]
    qualified = sorted(f"{issuer.name}/{group}" for group in issuer.groups)
    for group in [each for each in qualified if each not in login.groups][:MAX_GROUPS]:
        yield Change(
            f"the user {login.user}",
            "groups",
            ", ".join(sorted(login.groups)) or NOTHING,
            f"with {group} as well",
            partial(with_group, group=group),
        )


def change_for(refused: Refused, given: Given, facts: Facts) -> Change | None:
    """Give the fact that a step refused for; None where only its detail says more."""
    if refused.reason in _NAMED_ONLY:
        subject, member, needed = _NAMED_ONLY[refused.reason]
        return Change(subject, member, f"so that {refused.detail}", needed)
    finder = _FINDERS.get(refused.reason)
    return finder(given, facts) if finder else None


def _proof(given: Given, _facts: Facts) -> Change:
    listener = listener_of(given)
    if listener is not None and listener.identity != ByPrincipal():
        needed = f"a good one of the kind that listener {listener.name} reads"
        return Change("the Check", "proof of who asks", "none that is good", needed)
    domains = " or ".join(sorted(given.world.directory.gate.trust_domains))
    seen = given.call.principal or NOTHING
    return Change("the TLS peer", "principal", seen, f"a SPIFFE ID of {domains}")


def _declaration(_given: Given, facts: Facts) -> Change:
    identity = facts.find(Identity)
    if identity is None:
        return Change("the Agent", "identities", NOTHING, "one that can be proven")
    kind = "client" if identity.proof is Proof.CLIENT else "spiffe"
    needed = f"{{{kind}: {identity.actor.sub}}} in one of them"
    return Change("the Agents", "identities", "other identities", needed)


def _authorization(_given: Given, _facts: Facts) -> Change:
    return Change("the request", "authorization", NOTHING, "a bearer token of the user")


def _lifecycle(given: Given, facts: Facts) -> Change | None:
    for agent in agents_of(given, facts):
        if agent.lifecycle is not Lifecycle.ACTIVE:
            active = replace(agent, lifecycle=Lifecycle.ACTIVE)
            return Change(
                f"Agent {agent.name}",
                "lifecycle",
                agent.lifecycle,
                Lifecycle.ACTIVE,
                partial(with_agent, agent=active),
            )
    return None


def _target(given: Given, _facts: Facts) -> Change:
    seen = given.call.target or NOTHING
    return Change("the route", "context_extensions.target", seen, "the name of a declared target")


def _connection(given: Given, facts: Facts) -> Change | None:
    target = facts.of(Route).target
    if target is None:
        return None
    agent = agent_of(given, facts)
    if agent is None:
        return None
    if target.name in agent.connections:
        return _caller(agent, target)
    offer = target.offer_for(facts.of(Message).operation)
    connection = Connection(
        target.name, {offer.member: frozenset({offer.own_name})} if offer else {}
    )
    listed = f", {offer.member}: [{offer.own_name}]" if offer else ""
    return Change(
        f"Agent {agent.name}",
        f"connections to {target.name}",
        NOTHING,
        f"{{to: {target.name}{listed}}}",
        partial(with_connection, agent=agent, connection=connection),
    )


def _caller(agent: Agent, target: Target) -> Change:
    accepting = replace(target, callers=target.callers | {agent.name})
    return Change(
        f"{target.kind} {target.name}",
        "callers",
        ", ".join(sorted(target.callers)) or NOTHING,
        f"{agent.name} among them",
        partial(with_target, target=accepting),
    )


def _operation(given: Given, facts: Facts) -> Change | None:
    operation, target = facts.of(Message).operation, facts.of(Route).target
    if target is None:
        return None
    offer = target.offer_for(operation)
    if offer is None:
        return _declared(operation, target)
    agent = agent_of(given, facts)
    if agent is None:
        return None
    connection = agent.connections[target.name]
    if isinstance(operation, ToolCall) and operation.as_task and connection.lists(offer):
        # The tool is not what was refused, so it is the task that it would run as.
        if target.tasks is None:
            return _declared(TaskUse(operation.method), target)
        offer = target.tasks
    names = connection.names(offer.member)
    listed = {**connection.listed, offer.member: names | {offer.own_name}}
    wider = replace(connection, listed=listed)
    return Change(
        f"Agent {agent.name}",
        f"{offer.member} of its connection to {target.name}",
        ", ".join(sorted(names)) or NOTHING,
        f"{offer.own_name} among them",
        partial(with_connection, agent=agent, connection=wider),
    )


def _declared(operation: Operation, target: Target) -> Change | None:
    match operation:
        case ToolCall():
            seen = ", ".join(target.tools) or NOTHING
            return Change(f"{target.kind} {target.name}", "tools", seen, "a tool of that name")
        case PromptUse():
            seen = ", ".join(target.prompts) or NOTHING
            return Change(f"{target.kind} {target.name}", "prompts", seen, "a prompt of that name")
        case ResourceUse():
            seen = ", ".join(row.uri.text for row in target.resources.values()) or NOTHING
            return Change(f"{target.kind} {target.name}", "resources", seen, "one of that URI")
        case TaskUse():
            return Change(f"{target.kind} {target.name}", "tasks", NOTHING, "declared")
        case HttpCall():
            seen = ", ".join(target.routes.listed) or NOTHING
            needed = "a route for that method and path"
            return Change(f"{target.kind} {target.name}", "routes", seen, needed)
    return None


def _agent_scopes(given: Given, facts: Facts) -> Change | None:
    required = facts.of(Asked).required
    for hop in hops_of(facts):
        agent = given.world.directory.agents[hop.agent]
        missing = required - agent.scopes
        if missing:
            wider = replace(agent, scopes=agent.scopes | missing)
            return _scopes_change(
                f"Agent {agent.name}",
                "scopes, within its Cell",
                (agent.scopes, missing),
                partial(with_agent, agent=wider),
            )
    return None


def _user_scopes(given: Given, facts: Facts) -> Change | None:
    subject, target = facts.of(Credential).subject, facts.of(Route).target
    if subject is None or target is None:
        return None
    if not target.subjects.understands(subject.user):
        plain = str(target.subjects.issuer)
        needed = f"{subject.user.issuer}, or qualified"
        return Change(f"{target.kind} {target.name}", "token.subjects", plain, needed)
    issuer = given.world.directory.issuers[subject.user.issuer]
    missing = facts.of(Asked).required - subject.could.within(facts.of(Asked).required)
    unasserted = missing - issuer.scopes.within(missing)
    if unasserted:
        return _may_assert(issuer, unasserted)
    return _role(subject, missing)


def _may_assert(issuer: Issuer, missing: Scopes) -> Change:
    scopes = issuer.scopes
    wider = replace(issuer, scopes=ScopePatterns(scopes.exact | missing, scopes.prefixes))
    listed = scopes.exact | {f"{prefix}*" for prefix in scopes.prefixes}
    return _scopes_change(
        f"Issuer {issuer.name}",
        "mayAssert.scopes",
        (listed, missing),
        partial(with_issuer, issuer=wider),
    )


def _role(subject: Subject, missing: Scopes) -> Change:
    role = Role(SUPPOSED, frozenset(), frozenset({str(subject.user)}), missing)
    return Change(
        f"the Roles of {subject.user} ({', '.join(sorted(subject.roles)) or NOTHING})",
        "scopes, within their Cells",
        f"without {format_scopes(missing)}",
        f"with {format_scopes(missing)}",
        partial(with_role, user=str(subject.user), role=role),
    )


def _credential_scopes(_given: Given, facts: Facts) -> Change | None:
    subject = facts.of(Credential).subject
    if subject is None:
        return None
    missing = facts.of(Asked).required - subject.carries
    return _scopes_change(
        "the credential",
        "scope",
        (subject.carries, missing),
        partial(with_login_scopes, missing=missing),
    )


def _scopes_change(subject: str, member: str, scopes: tuple[Scopes, Scopes], make: Make) -> Change:
    held, missing = scopes
    needed = f"with {format_scopes(missing)} as well"
    return Change(subject, member, format_scopes(held) or NOTHING, needed, make)


_FINDERS: dict[Reason, Callable[[Given, Facts], Change | None]] = {
    Reason.WORKLOAD_UNIDENTIFIED: _proof,
    Reason.WORKLOAD_UNTRUSTED: _proof,
    Reason.AGENT_UNDECLARED: _declaration,
    Reason.CREDENTIAL_MISSING: _authorization,
    Reason.SUSPENDED: _lifecycle,
    Reason.TARGET_UNKNOWN: _target,
    Reason.CONNECTION_UNDECLARED: _connection,
    Reason.OPERATION_UNDECLARED: _operation,
    Reason.AGENT_LACKS_SCOPE: _agent_scopes,
    Reason.USER_LACKS_SCOPE: _user_scopes,
    Reason.INSUFFICIENT_SCOPE: _credential_scopes,
}
