"""Why a question was judged as it was: for each leg the policies that count, and what they saw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES, Scopes
from authz.policy.cedar_text import text_of
from authz.policy.compiled import Policies
from authz.policy.conjuncts import Conjunct, Part
from authz.policy.folding import LEG_OF
from authz.policy.offers import action_of, groups_of
from authz.policy.question import USER, Judgement, Leg, PolicyRef, Question
from authz.policy.scene import Stage, Truth, stages_of
from authz.policy.seen import Seen, Sight
from authz.policy.turning import Change, Weighed, turned, weigh
from authz.policy.written import Policy


@dataclass(frozen=True, slots=True)
class Condition:
    """One conjunct of a policy, for one leg."""

    part: Part
    text: str
    """As Cedar, on one line."""

    line: int
    truth: Truth
    reads: Seen


@dataclass(frozen=True, slots=True)
class PolicyExplanation:
    """One policy, for one leg."""

    ref: PolicyRef
    effect: str
    """`permit` or `forbid`."""

    text: str
    """As its author wrote it."""

    conditions: tuple[Condition, ...]
    """All of them, in the engine's order: the policy holds where each is true."""

    withholds: Scopes
    """Of a permit with `@scope`: the required scopes that it does not give."""

    @property
    def failed(self) -> Condition | None:
        """The first condition that is not true: where the engine stopped."""
        return next((each for each in self.conditions if each.truth is not Truth.TRUE), None)


@dataclass(frozen=True, slots=True)
class TurningPoint:
    """One condition, and the truth that it would have to have."""

    policy: PolicyRef
    part: Part
    condition: str
    """As Cedar, on one line."""

    unnegated: str | None
    """The condition without its `!`, as an `unless` is written; None where it has none."""

    line: int
    wanted: bool
    reads: Seen
    """What it saw instead."""


@dataclass(frozen=True, slots=True)
class LegExplanation:
    """One party's leg."""

    party: str
    reason: Reason
    policies: tuple[PolicyExplanation, ...]
    """The determining ones; for `policy_error` those that erred."""

    near: tuple[PolicyExplanation, ...]
    """
    Of a denied leg: the policies whose effect would turn it, the nearest first.

    For `no_permit` the permits that speak of this action and could speak of this
    party; for `forbidden` and `policy_error` the same as `policies`. Of an
    allowed leg whose permits withhold a scope: the other permits that give it.
    """

    changes: tuple[TurningPoint, ...]
    """
    What would together turn a denied leg to allow, as evaluating it so has shown.

    Empty where the leg is allowed, or where no policy is near enough.
    """

    withheld: Scopes
    """Of an allowed leg: the required scopes that its permits do not give."""

    still_withheld: Scopes
    """Of a denied leg: those that its permits would not give, were it turned by `changes`."""

    assumed: tuple[str, ...]
    """The step-ups that it was evaluated with as if they were met."""

    @property
    def turning_point(self) -> TurningPoint | None:
        """The one condition that would turn the leg; None where it takes more than one."""
        return self.changes[0] if len(self.changes) == 1 else None


def explain(
    judgement: Judgement, question: Question, policies: Policies
) -> tuple[LegExplanation, ...]:
    """
    Explain *judgement*, which `judge` gave for *question*: a leg each, the user's first.

    Returns:
        Nothing where there is nobody to judge, or where the arguments cannot be
        judged: then `Judgement.detail` is all there is to say.
    """
    if not judgement.legs:
        return ()
    explainer = _Explainer(question, policies, judgement.assumed)
    stages = stages_of(question, policies, judgement.assumed)
    return tuple(
        explainer.leg(leg, stage) for leg, stage in zip(judgement.legs, stages, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Explainer:
    question: Question
    policies: Policies
    assumed: tuple[str, ...]

    def leg(self, leg: Leg, stage: Stage) -> LegExplanation:
        weighed = self._weighed(leg, stage)
        sight = Sight.of(self.question, stage)
        told = {row.name: self._told(row, sight) for row in weighed}
        counting = frozenset(leg.policies)
        withheld = self._withheld(leg)
        turn = turned(leg, weighed, self.policies, stage)
        return LegExplanation(
            party=leg.party,
            reason=leg.reason,
            policies=tuple(each for each in told.values() if each.ref in counting),
            near=tuple(told[row.name] for row in self._near(leg, weighed, withheld)),
            changes=tuple(_point(change, sight) for change in turn.changes),
            withheld=withheld,
            still_withheld=turn.lacks(self.question.required),
            assumed=self.assumed,
        )

    def _weighed(self, leg: Leg, stage: Stage) -> list[Weighed]:
        """Give every policy that counts for the leg or could, with the truths of its conjuncts."""
        kind = "User" if leg.party == USER else "Agent"
        counting = frozenset(leg.policies)
        actions = {action_of(self.question), *groups_of(self.question)}
        could_count = {
            name: policy
            for name, policy in self.policies.by_engine_id.items()
            if policy.ref in counting or _could_permit(policy, kind, actions)
        }
        return sorted(weigh(stage, could_count), key=lambda row: row.rank)

    def _told(self, row: Weighed, sight: Sight) -> PolicyExplanation:
        scope = row.policy.notes.scope
        return PolicyExplanation(
            ref=row.policy.ref,
            effect=row.policy.source.effect,
            text=row.policy.source.written,
            conditions=tuple(_condition(each, truth, sight) for each, truth in row.conjuncts),
            withholds=NO_SCOPES if scope is None else self.question.required - scope,
        )

    def _withheld(self, leg: Leg) -> Scopes:
        is_allowed = leg.reason is Reason.ALLOW
        return self.question.required - leg.granted if is_allowed else NO_SCOPES

    def _near(self, leg: Leg, weighed: Iterable[Weighed], withheld: Scopes) -> list[Weighed]:
        permits = [row for row in weighed if row.is_permit_about_this]
        if leg.reason is Reason.NO_PERMIT:
            return permits
        if leg.reason is Reason.ALLOW:
            return [row for row in permits if row.not_true and row.gives(withheld)]
        return [row for row in weighed if row.policy.ref in frozenset(leg.policies)]


def _could_permit(policy: Policy, kind: str, actions: Set[str]) -> bool:
    """Say whether *policy* permits one of *actions*, to a principal that may be of type *kind*."""
    form = policy.source.policy
    if policy.source.effect != "permit" or not _names_one_of(form["action"], actions):
        return False
    match form["principal"]:
        case {"entity_type": str(named)} | {"entity": {"type": str(named)}}:
            return LEG_OF.get(named, named) == kind
    return True


def _names_one_of(constraint: Mapping[str, Any], actions: Set[str]) -> bool:
    match constraint:
        case {"entity": {"id": str(name)}}:
            return name in actions
        case {"entities": list(references)}:
            return any(reference["id"] in actions for reference in references)
    return True


def _condition(conjunct: Conjunct, truth: Truth, sight: Sight) -> Condition:
    reads = sight.seen_by(conjunct.form)
    return Condition(conjunct.part, conjunct.text, conjunct.line, truth, reads)


def _point(change: Change, sight: Sight) -> TurningPoint:
    conjunct = change.conjunct
    inner = conjunct.form.get("!")
    return TurningPoint(
        policy=change.policy.ref,
        part=conjunct.part,
        condition=conjunct.text,
        unnegated=text_of(inner["arg"]) if inner else None,
        line=conjunct.line,
        wanted=change.wanted,
        reads=sight.seen_by(conjunct.form),
    )
