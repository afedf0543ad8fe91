"""Policies ready to be asked: what the engine evaluates, and what people are told of it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from cedarpy import Entities, Schema

from authz.directory.compiled import Agent
from authz.directory.offers import HTTPRoute, Offer, Tool
from authz.model.memo import Memo
from authz.policy.offers import offer_action
from authz.policy.plans import LegPlan, Plan
from authz.policy.schema import schema_text
from authz.policy.shapes import Shape
from authz.policy.slices import Slices
from authz.policy.verdicts import Verdict
from authz.policy.written import Policy

MOST_PLANS = 20_000
"""Half of the offers whose plans are kept, and of their kinds of legs."""

MOST_VERDICTS = 50_000
"""Half of those that are kept; each takes less than 1 KB."""

MOST_ENTITIES = 1_000
"""Half of the sets of entities that are kept; each takes some 10 KB."""

MOST_SCHEMAS = 100
"""Half of those that are kept; each takes some 250 KB, and some milliseconds to make."""


@dataclass(frozen=True, slots=True)
class Policies:
    """
    All policies of a world, validated together, and what evaluating them needs.

    Its memos go away with it, and so does all that was decided by it. Nothing in
    them depends on when it was made: a key has all that an answer goes by beside
    what stands here.
    """

    by_engine_id: Mapping[str, Policy]
    """By `engine_id` of their order."""

    slices: Slices
    """The same, to be evaluated."""

    shapes: Mapping[str, Shape]
    """Of the arguments, by the tool's qualified name."""

    agents: Mapping[str, Agent]
    zone: ZoneInfo
    """For `clock.hour` and `clock.weekday`."""

    quarantined: Mapping[str, str]
    """Why, by the qualified name of each tool that nobody can call: it clashes with a policy."""

    headers: frozenset[str]
    """The request headers that policies may read."""

    plans: Memo[Hashable, Plan] = field(
        init=False, compare=False, default_factory=lambda: Memo("policy_plans", MOST_PLANS)
    )
    """By what is asked for."""

    leg_plans: Memo[Hashable, LegPlan] = field(
        init=False, compare=False, default_factory=lambda: Memo("policy_leg_plans", MOST_PLANS)
    )
    """By plan, kind of leg, and whom of those that policies are about it is."""

    verdicts: Memo[Hashable, Verdict] = field(
        init=False, compare=False, default_factory=lambda: Memo("policy_verdicts", MOST_VERDICTS)
    )
    """By leg plan, what it sees of principals, and every other fact that it reads."""

    entities: Memo[Hashable, Entities] = field(
        init=False, compare=False, default_factory=lambda: Memo("policy_entities", MOST_ENTITIES)
    )
    """By leg plan, and what it sees of principals."""

    schemas: Memo[str, Schema] = field(
        init=False, compare=False, default_factory=lambda: Memo("policy_schemas", MOST_SCHEMAS)
    )
    """By the action of the one offer that it is for."""

    @property
    def memos(self) -> tuple[Memo[Any, Any], ...]:
        """All memos, for metrics."""
        return (
            self.plans,
            self.leg_plans,
            self.slices.made,
            self.verdicts,
            self.entities,
            self.schemas,
        )

    def schema_for(self, offer: Offer | None) -> Schema:
        """Give a schema that knows no tool and route but *offer*, made on first use."""
        key = "" if offer is None else offer_action(offer)
        return self.schemas.find(key) or self.schemas.keep(
            key, Schema.from_str(self._schema_text(offer))
        )

    def _schema_text(self, offer: Offer | None) -> str:
        match offer:
            case Tool(name=name, action=action) if name not in self.quarantined:
                return schema_text([(name, action, self.shapes[name])])
            case HTTPRoute(name=name, action=action):
                return schema_text([], [(name, action)])
        return schema_text([])
