"""The legs of one question: each verdict is kept from before, or given now.

A verdict is kept under all that the engine was told for it (`Told`), so what is
kept is what evaluating again would give.
"""

from __future__ import annotations

from functools import partial

from authz.model.reasons import Reason
from authz.policy.arguments import Arguments
from authz.policy.compiled import Policies
from authz.policy.evaluation import Live, Told, evaluate, evaluate_live
from authz.policy.planning import agent_plan, plan_of, user_plan
from authz.policy.plans import LegPlan, Plan, Principal
from authz.policy.question import Question
from authz.policy.session import NO_EVIDENCE, Evidence
from authz.policy.verdicts import Verdict, remembered

_UNKNOWN_TO_THE_ENGINE = Verdict(Reason.POLICY_ERROR)


def leg_verdicts(
    question: Question, arguments: Arguments, policies: Policies, evidence: Evidence
) -> list[Verdict]:
    """Judge every leg by itself, as if *evidence* were there: the user's first, then the hops'."""
    plan = plan_of(question, policies)
    legs = _parties(plan, question, policies)
    if plan.is_quarantined:
        return [_UNKNOWN_TO_THE_ENGINE] * len(legs)
    return _verdicts(legs, Live(question, arguments, evidence), policies)


def settled_verdicts(question: Question, policies: Policies) -> list[Verdict] | None:
    """
    Judge every leg for whatever it is called with, without further evidence.

    None where a leg looks at more than who asks, for whom, for what, and at strays.
    """
    plan = plan_of(question, policies)
    legs = _parties(plan, question, policies)
    if plan.is_quarantined or not all(leg.is_settled for leg, _ in legs):
        return None
    return _verdicts(legs, Live(question, Arguments(), NO_EVIDENCE), policies)


def _verdicts(
    legs: list[tuple[LegPlan, Principal]], live: Live, policies: Policies
) -> list[Verdict]:
    return [_verdict(leg, party, live, policies) for leg, party in legs]


def _parties(plan: Plan, question: Question, policies: Policies) -> list[tuple[LegPlan, Principal]]:
    found = []
    user = question.user
    if user is not None:
        leg = user_plan(plan, user.user, policies)
        found.append((leg, leg.user(user, question.user_scopes)))
    for hop in question.hops:
        agent = policies.agents[hop.agent]
        leg = agent_plan(plan, agent, policies)
        found.append((leg, leg.agent(agent)))
    return found


def _verdict(plan: LegPlan, party: Principal, live: Live, policies: Policies) -> Verdict:
    question, evidence, zone = live.question, live.evidence, policies.zone
    told = Told(
        plan,
        party,
        _everybody(plan, question, policies) if plan.sees_others else (),
        tuple([fact.of(question, evidence, zone) for fact in plan.facts]),
        question.method if plan.reads_method else "",
    )
    if plan.is_live or (plan.reads_strays and live.arguments.has_strays):
        return evaluate_live(told, live, policies)
    return remembered(policies.verdicts, told, partial(evaluate, told))


def _everybody(plan: LegPlan, question: Question, policies: Policies) -> tuple[Principal, ...]:
    user = question.user
    agents = dict.fromkeys(hop.agent for hop in question.hops)
    return (
        *(() if user is None else (plan.user(user, question.user_scopes),)),
        *(plan.agent(policies.agents[name]) for name in agents),
    )
