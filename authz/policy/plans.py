"""What is worked out of an offer and of a kind of leg before calls come, and kept with the world.

A plan says which policies are evaluated, and which facts go into that: no other
fact is written, and a verdict is kept under these facts and no others.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct

from authz.directory.compiled import Agent, Target
from authz.directory.offers import MCPResource, Offer
from authz.model.principals import Subject
from authz.model.scopes import Scopes
from authz.policy.entities import Json, entity, link
from authz.policy.reading import EntityId, Reads
from authz.policy.session import HAS_USER, NOW, SESSION, USER, Fact
from authz.policy.slices import Slice

NOBODY = ""
"""The name of whomever no policy names: they are told apart by nothing else."""

_LIVE = frozenset({"args", "headers", "input"})
"""Names of what a call says: what was decided by that is kept apart, under a digest of it."""

_STRAYS = frozenset({"unknownArgs", "untypedArgs"})
_SOMEBODY = frozenset({"user", "agent", "actors"})
"""Names of what leads to a principal of another leg."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """An offer of a target, as the engine knows it."""

    target: Target
    offer: Offer | None
    action: str
    actions: frozenset[str]
    """The action and all groups that it is in."""

    resource: EntityId
    within: frozenset[EntityId]
    """The resource and all that it is in."""

    rows: tuple[Json, ...]
    """The action, the target and what is offered, as entities."""

    is_quarantined: bool


class Principal(Struct, frozen=True, gc=False):
    """What policies see of a user or an agent: all that a leg can depend on of it."""

    kind: str
    name: str
    groups: frozenset[str]
    roles: frozenset[str]
    namespace: str | None
    scopes: Scopes | None
    lifecycle: str | None


@dataclass(frozen=True, slots=True, eq=False)
class LegPlan:
    """How legs of one kind are judged for one offer. What is kept of them, it is the key of."""

    plan: Plan
    slice: Slice
    reads: Reads
    facts: tuple[Fact, ...]
    """Those of the session that are read."""

    rows: tuple[Json, ...]
    """Those of the plan, as far as they are read and are the same for all calls."""

    is_live: bool
    """It reads something that differs from call to call."""

    is_session_lasting: bool
    """What it reads of the session is the same for many calls: it does not ask what time it is."""

    is_settled: bool
    """It reads nothing of a call but who asks, for whom, for what, and its strays."""

    reads_method: bool
    reads_strays: bool
    """It reads which arguments are unknown or untyped."""

    reads_uri: bool
    """It reads which one of many resources is asked for."""

    tells_apart: bool
    """It counts who somebody is, beside the names that stand in policies."""

    sees_others: bool
    """It looks at principals of other legs."""

    users: frozenset[str]
    groups: frozenset[str]
    roles: frozenset[str]
    agents: frozenset[str]
    namespaces: frozenset[str]
    """Names that stand in its policies."""

    @classmethod
    def of(cls, plan: Plan, piece: Slice) -> LegPlan:
        """Plan legs of *plan* that the policies of *piece* are about."""
        reads, names = piece.reads, piece.reads.names
        sees_others = not reads.got.isdisjoint(_SOMEBODY) or "chain" in reads.wholes
        reads_uri = isinstance(plan.offer, MCPResource) and "uri" in names
        facts = facts_read(reads)
        is_live = reads.everything or reads_uri or NOW in facts or not names.isdisjoint(_LIVE)
        return cls(
            plan=plan,
            slice=piece,
            reads=reads,
            facts=facts,
            rows=tuple(pruned(row, names) for row in (plan.rows[:-1] if reads_uri else plan.rows)),
            is_live=is_live,
            is_settled=not is_live and all(fact.lasts for fact in facts),
            is_session_lasting=NOW not in facts,
            reads_method="method" in names,
            reads_strays=not names.isdisjoint(_STRAYS),
            reads_uri=reads_uri,
            tells_apart=reads.compares or reads.everything or sees_others,
            sees_others=sees_others,
            users=reads.ids("User"),
            groups=reads.ids("Group"),
            roles=reads.ids("Role"),
            agents=reads.ids("Agent"),
            namespaces=reads.ids("Namespace"),
        )

    def user(self, user: Subject, scopes: Scopes) -> Principal:
        """Give what is seen of *user*, who has *scopes*."""
        name = str(user.user)
        return Principal(
            "User",
            name if self.tells_apart or name in self.users else NOBODY,
            user.groups & self.groups,
            user.roles & self.roles,
            None,
            scopes if "scopes" in self.reads.names else None,
            None,
        )

    def agent(self, agent: Agent) -> Principal:
        """Give what is seen of *agent*."""
        names, name, namespace = self.reads.names, agent.name, agent.namespace
        return Principal(
            "Agent",
            name if self.tells_apart or name in self.agents else NOBODY,
            frozenset(),
            frozenset(),
            namespace if namespace in self.namespaces else None,
            agent.scopes if "scopes" in names else None,
            str(agent.lifecycle) if "lifecycle" in names else None,
        )


def facts_read(reads: Reads) -> tuple[Fact, ...]:
    """
    Give the facts of the session that policies read.

    A record is there as soon as one of its facts is, so whoever asks for it gets all of them.
    """
    whole = reads.wholes | reads.asked
    return tuple(
        HAS_USER if fact is USER and "user" not in reads.got else fact
        for fact in SESSION
        if fact.path[-1] in reads.names or fact.path[0] in whole
    )


def principal_row(principal: Principal) -> Json:
    """Give a principal as the engine reads it."""
    facts: Json = {}
    if principal.scopes is not None:
        facts["scopes"] = sorted(principal.scopes)
    if principal.lifecycle is not None:
        facts["lifecycle"] = link("Lifecycle", principal.lifecycle)
    parents = [
        *(("Group", name) for name in sorted(principal.groups)),
        *(("Role", name) for name in sorted(principal.roles)),
        *((("Namespace", principal.namespace),) if principal.namespace is not None else ()),
    ]
    return entity(principal.kind, principal.name, facts, parents)


def pruned(row: Json, names: frozenset[str]) -> Json:
    """Give an entity with those of its attributes that have one of *names*."""
    attrs = {name: value for name, value in row["attrs"].items() if name in names}
    return {**row, "attrs": attrs}
