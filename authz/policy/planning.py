"""Plans: found where they are kept, or made on first use."""

from __future__ import annotations

from authz.directory.compiled import Agent
from authz.directory.offers import Tool
from authz.model.principals import UserId
from authz.policy.compiled import Policies
from authz.policy.folding import Known
from authz.policy.offers import action_of, action_row, groups_of, resource_of, resource_rows
from authz.policy.plans import LegPlan, Plan
from authz.policy.question import Question
from authz.policy.shapes import Kind
from authz.policy.slices import EVERYBODY, Whom, agents_of, principal, targets_of


def plan_of(question: Question, policies: Policies) -> Plan:
    """Give the plan of what is asked for."""
    target, offer = question.target, question.offer
    asked = None if offer is None else (type(offer), offer.name, offer.action)
    key = (target.name, asked)
    kept = policies.plans.find(key)
    # A name stands for one declaration within a world, but whoever tries another one asks too.
    if kept is not None and _is_of(kept, question):
        return kept
    return policies.plans.keep(key, _planned(question, policies))


def _is_of(plan: Plan, question: Question) -> bool:
    target, offer = question.target, question.offer
    return (plan.target is target or plan.target == target) and (
        plan.offer is offer or plan.offer == offer
    )


def _planned(question: Question, policies: Policies) -> Plan:
    resource, rows = resource_of(question), resource_rows(question)
    own = (resource["type"], resource["id"])
    parents = [parent for row in rows if row["uid"] == resource for parent in row["parents"]]
    action, offer = action_of(question), question.offer
    return Plan(
        target=question.target,
        offer=offer,
        action=action,
        actions=frozenset({action, *groups_of(question)}),
        resource=own,
        within=frozenset({own, *((each["type"], each["id"]) for each in parents)}),
        rows=(action_row(question), *rows),
        is_quarantined=isinstance(offer, Tool) and offer.name in policies.quarantined,
    )


def user_plan(plan: Plan, user: UserId, policies: Policies) -> LegPlan:
    """Give how the leg of *user* is judged."""
    alone = principal("User", str(user))
    return _leg_plan(plan, "User", (alone,) if alone in policies.slices.named else (), policies)


def agent_plan(plan: Plan, agent: Agent, policies: Policies) -> LegPlan:
    """Give how the leg of *agent* is judged."""
    both = (principal("Agent", agent.name), agents_of(agent.namespace))
    whom = tuple([each for each in both if each in policies.slices.named])
    return _leg_plan(plan, "Agent", whom, policies)


def _leg_plan(plan: Plan, kind: str, whom: tuple[Whom, ...], policies: Policies) -> LegPlan:
    # Agents that no policy is about by name share one plan, however many there are.
    key = (plan, kind, whom)
    kept = policies.leg_plans.find(key)
    if kept is not None:
        return kept
    everybody = (EVERYBODY, targets_of(plan.target.namespace))
    piece = policies.slices.find((*everybody, *whom), _known(plan, kind, policies))
    return policies.leg_plans.keep(key, LegPlan.of(plan, piece))


def _known(plan: Plan, kind: str, policies: Policies) -> Known:
    own = {"type": plan.resource[0], "id": plan.resource[1]}
    facts = {
        name: each for row in plan.rows if row["uid"] == own for name, each in row["attrs"].items()
    }
    # The one attribute that a call says, and no declaration.
    facts.pop("uri", None)
    return Known(
        kind=kind,
        action=plan.action,
        actions=plan.actions,
        resource=plan.resource,
        within=plan.within,
        facts=facts,
        inputs=_inputs(plan, policies),
    )


def _inputs(plan: Plan, policies: Policies) -> frozenset[str] | None:
    if not isinstance(plan.offer, Tool):
        return None
    fields = policies.shapes[plan.offer.name].fields.items()
    return frozenset(name for name, field in fields if field.shape.kind is not Kind.OPAQUE)
