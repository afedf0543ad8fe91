"""A call as a person tells it: who, for whom, what. What is not told has a plain default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from authz.directory.compiled import Directory, Issuer, Target
from authz.directory.diagnostics import nearest
from authz.model.call import Call
from authz.model.instant import EARLIEST, Instant
from authz.model.operation import (
    Message,
    Operation,
    PromptUse,
    Protocol,
    ResourceUse,
    Session,
    ToolCall,
)
from authz.model.outcome import Refused
from authz.model.principals import Actor, Authentication, Hop, Identity, Login, Proof, UserId
from authz.model.reasons import Reason
from authz.model.scopes import Scopes
from authz.model.strict_json import JSON
from authz.protocols.http import read_request
from authz.protocols.unreadable import Unreadable
from authz.steps.chain import refuse_chain
from authz.steps.workload import identity_of
from authz.trial.stated import Stated

LOGIN_SECONDS = 300
"""How long a login that is told lasts."""

ID = "0" * 32
"""Nothing is recorded, so every decision and trace that is told has the same id."""


class Untellable(ValueError):
    """What is told names nothing that could be decided; the message says what, and the way out."""


@dataclass(frozen=True, slots=True)
class Told:
    """A question in the words of the directory."""

    agent: str
    """`namespace/name`."""

    operation: str
    """`namespace/server/…`, behind it the name or URI; `namespace/server` for a session."""

    kind: str = "tool"
    """`tool`, `prompt`, `resource`, `route` or `session`: what `operation` names."""

    arguments: Mapping[str, JSON] = field(default_factory=dict)
    user: str | None = None
    """`issuer/sub`; None where nobody logged in."""

    groups: frozenset[str] = frozenset()
    """Qualified: `issuer/group`."""

    scopes: Scopes | None = None
    """Of the credential; None is all there are, so that what the user could hold counts."""

    level: int = 0
    chain: tuple[str, ...] = ()
    """Agents that the credential already passed, the latest first."""

    address: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def state(told: Told, directory: Directory, now: Instant) -> Stated:
    """
    Give the call that is told.

    Raises:
        Untellable: an agent or issuer is named that no document declares, or groups that
            the issuer may not assert.
    """
    for agent in (told.agent, *told.chain):
        if agent not in directory.agents:
            hint = nearest(agent, directory.agents)
            raise Untellable(f"no document declares the agent {agent}; {hint}".rstrip("; "))
    call, message = _read(told, directory)
    return Stated(
        call=call,
        caller=_identity(told.agent, directory),
        message=message,
        login=_login(told, directory, now) if told.user else None,
        now=now,
    )


def actor_of(agent: str, directory: Directory) -> Actor:
    """Give what a token would name *agent* by: the first of its SPIFFE IDs, or its client id."""
    declared = directory.agents[agent]
    for workload in sorted(declared.spiffe_ids, key=str):
        return Actor(workload.authority, str(workload))
    for issuer, client in sorted(declared.clients):
        return Actor(directory.issuers[issuer].url, client)
    return Actor("", agent)


def _identity(agent: str, directory: Directory) -> Identity | Refused:
    """Give what would prove *agent*: its first workload, else its first client."""
    declared = directory.agents[agent]
    for workload in sorted(declared.spiffe_ids, key=str):
        return identity_of(workload, Proof.PRINCIPAL)
    if declared.clients:
        return Identity(Proof.CLIENT, actor_of(agent, directory), workload=None)
    return Refused(Reason.AGENT_UNDECLARED, f"{agent} declares no identity")


def _read(told: Told, directory: Directory) -> tuple[Call, Message | Refused]:
    """Give the call, and what step 1 would read of it."""
    namespace, _, rest = told.operation.partition("/")
    server, _, name = rest.partition("/")
    call = _call(told, f"{namespace}/{server}", directory)
    if told.kind != "route":
        return call, Message(Protocol.MCP, _asked(told, name), None)
    method, _, path = name.partition(" ")
    call = replace(call, method=method, path=path)
    try:
        return call, read_request(call)
    except Unreadable as error:
        return call, error.refused


def _asked(told: Told, name: str) -> Operation:
    match told.kind:
        case "tool":
            return ToolCall(name, told.arguments)
        case "prompt":
            return PromptUse(name, told.arguments)
        case "resource":
            return ResourceUse(name)
    return Session("ping")


def _call(told: Told, name: str, directory: Directory) -> Call:
    target: Target | None = directory.targets.get(name)
    return Call(
        decision=ID,
        new_trace=ID,
        listener="",
        principal=actor_of(told.agent, directory).sub,
        peer_address=told.address,
        target=name,
        method="POST",
        path=target.path if target else "/",
        host=min(target.hosts) if target else "",
        headers={name.lower(): text for name, text in told.headers.items()},
        body=b"",
        is_lossy=False,
        size=0,
        stream="",
        time=None,
    )


def _login(told: Told, directory: Directory, now: Instant) -> Login | Refused:
    """Give what a token could say of the user; a refusal where no token like that could be good."""
    user, hops = _user(told, directory), [_hop(agent, directory) for agent in told.chain]
    _check_groups(told, directory.issuers[user.issuer])
    if hops and not directory.agents[told.agent].audience:
        detail = f"{told.agent} has no audience, so no token that came through agents is for it"
        return Refused(Reason.CREDENTIAL_INVALID, detail)
    return refuse_chain(hops, _hop(told.agent, directory)) or Login(
        user=user,
        groups=told.groups,
        scopes=all_scopes(directory) if told.scopes is None else told.scopes,
        authentication=Authentication(level=told.level, time=now if told.level else EARLIEST),
        expires=Instant(now + LOGIN_SECONDS),
        inherited=tuple(hops),
        is_ours=bool(hops),
    )


def _user(told: Told, directory: Directory) -> UserId:
    issuer, _, sub = (told.user or "").partition("/")
    if not sub:
        raise Untellable(f"{told.user!r} names no user; a user is issuer/sub")
    if issuer not in directory.issuers:
        hint = nearest(issuer, directory.issuers)
        raise Untellable(f"there is no Issuer {issuer}; {hint}".rstrip("; "))
    return UserId(issuer, sub)


def _check_groups(told: Told, issuer: Issuer) -> None:
    """Refuse groups that would not count: the answer would be one that no call can get."""
    if told.chain and told.groups:
        raise Untellable("a token that came through agents has no groups")
    counting = {f"{issuer.name}/{group}" for group in issuer.groups}
    for group in sorted(told.groups - counting):
        hint = nearest(group, counting)
        message = f"Issuer {issuer.name} may not assert the group {group}; {hint}"
        raise Untellable(message.rstrip("; "))


def _hop(agent: str, directory: Directory) -> Hop:
    return Hop(agent, actor_of(agent, directory))


def all_scopes(directory: Directory) -> Scopes:
    """Give every scope that any operation requires."""
    targets = directory.targets.values()
    offered = (offer.scopes for target in targets for offer in target.offers)
    return frozenset().union(*offered, *(target.session_scopes for target in targets))
