"""Policies ready to be asked: what the engine evaluates, and what people are told of it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from cedarpy import Entities, Schema

from authz.directory.compiled import Agent
from authz.directory.offers import Offer, Tool
from authz.model.memo import Memo
from authz.policy.plans import LegPlan, Plan
from authz.policy.schema import call_schema_text
from authz.policy.shapes import Shape
from authz.policy.slices import Slices
from authz.policy.verdicts import Verdict
from authz.policy.written import Policy

MOST_PLANS = 20_000
"""Half of the offers whose plans are kept, and of their kinds of legs."""

MOST_VERDICTS = 50_000
"""Half of those that are kept; each takes less than 1 KB."""

MOST_LIVE_VERDICTS = 5_000
"""Half of those of legs that read what calls say. Callers choose that, so they are fewer."""

MOST_ENTITIES = 1_000
"""Half of the sets of entities that are kept; each takes some 10 KB."""

MOST_SCHEMAS = 100
"""Half of those that are kept; each takes some 250 KB, and some milliseconds to make."""

_NO_TOOL = Schema.from_str("entity User, Agent, Tool, Session;")


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

    live_verdicts: Memo[Hashable, Verdict] = field(
        init=False,
        compare=False,
        default_factory=lambda: Memo("policy_live_verdicts", MOST_LIVE_VERDICTS),
    )
    """The same with what a call says, and whose call it is."""

    entities: Memo[Hashable, Entities] = field(
        init=False, compare=False, default_factory=lambda: Memo("policy_entities", MOST_ENTITIES)
    )
    """By leg plan, and what it sees of principals."""

    schemas: Memo[str, Schema] = field(
        init=False, compare=False, default_factory=lambda: Memo("policy_schemas", MOST_SCHEMAS)
    )
    """By the tool that it is for."""

    def schema_for(self, offer: Offer | None) -> Schema | None:
        """
        Give what types the context of a call of *offer*, made on first use.

        Returns:
            None where no value of a caller is in the context: all that is there is
            written by us, as text or as a link. Of a quarantined tool a schema
            that does not know it.
        """
        if not isinstance(offer, Tool):
            return None
        if offer.name in self.quarantined:
            return _NO_TOOL
        kept = self.schemas.find(offer.name)
        if kept is not None:
            return kept
        text = call_schema_text(offer.name, self.shapes[offer.name])
        return self.schemas.keep(offer.name, Schema.from_str(text))
